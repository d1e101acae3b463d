"""Several data sets with several losses in one training: the mathematics of sentence-transformers, resumable to the bit."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses as theirs

from embtune_api.errors import Exit
from embtune_api.keys import StepKeys
from embtune_api.training import Loss, Training
from embtune_store import open_store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.train.auxiliary import with_auxiliary
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import Loop, schedule
from embtune_trainer.train.memory import Memory
from embtune_trainer.train.objectives import make_objective
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import Record, tokenize_rows
from embtune_trainer.train.sets import Sets
from integration.trainer.test_parity import arguments, unrelated
from integration.trainer.test_training import run_to_the_end, stop_in_the_middle
from support.trainer import Beside, TrainingRun, Warm, a_training
from support.training_rows import rows_for

__all__ = ["unrelated"]
STEPS = 20
RECIPE = Training(
    loss=Loss(name="MultipleNegativesRanking"),
    epochs=2,
    batch_size=24,
    learning_rate=1e-3,
    dropout=0.0,
    seed=3,
    checkpoint_steps=10,
    precision="fp32",
    deterministic=True,
)
RIVALS = {
    None: theirs.MultipleNegativesRankingLoss,
    "sts": theirs.CoSENTLoss,
    "tickets": theirs.BatchHardTripletLoss,
    "hard": theirs.TripletLoss,
}


def three_sets(pairs: list[dict[str, str]]) -> list[Beside]:
    return [
        Beside("sts", "CoSENT", rows_for("CoSENT", pairs), "scored pairs"),
        Beside("tickets", "BatchHardTriplet", rows_for("BatchHardTriplet", pairs), "labelled texts", weight=0.5),
        Beside("hard", "Triplet", rows_for("Triplet", pairs), "triplets", weight=1.5),
    ]


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[None]:
    """A process group of this process."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'rendezvous'}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def ours(training: TrainingRun, base: Path, records: list[Record], at_once: int | None) -> tuple[list[float], list[Rows], Sets]:
    """The first losses, as the step `train` takes them, and of which batches."""
    model = load_encoder(base, torch.device("cpu"))
    main, objective = tokenize_rows(records, model, None), make_objective(records, RECIPE.loss)
    beside = training.request.auxiliary
    rows, mix = with_auxiliary(main, objective, beside, training.store, model, RECIPE)
    checkpoints = Checkpoints(open_store("memory://"), StepKeys("unused"))
    loop = Loop(
        model, rows, mix, RECIPE, Ranks(), checkpoints, torch.float32, lambda _: None, lambda: False, memory=Memory(at_once)
    )
    loop.sets = Sets(len(main), beside)
    loop._prepare_model()
    optimizer, losses, batches = loop._optimizer(), [], []
    for _, (step, batch) in zip(range(STEPS), loop._batches_after(0), strict=False):
        loop._set_learning_rate(optimizer, step)
        losses.append(float(loop._train_on(step, batch, optimizer, Outcome())[0]))
        batches.append(batch)
    assert loop.total_steps == 2 * sum(loop.sets.steps(24))
    return losses, batches, loop.sets


def plain(base: Path, records: list[list[Record]], batches: list[Rows], sets: Sets) -> list[float]:
    """The losses of the same batches, as a script of sentence-transformers' own would take them: a loss for each data set."""
    model = SentenceTransformer(str(base), device="cpu")
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    losses = {name: make(model) for name, make in RIVALS.items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    values = []
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * schedule(step, 2 * sum(sets.steps(24)), RECIPE.warmup_ratio)
        optimizer.zero_grad()
        number = sets.number(batch)
        columns, labels = arguments([records[number][row - sets.first[number]] for row in batch], records[number], None)
        value = losses[sets.name(batch)]([model.preprocess(column) for column in columns], labels)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), RECIPE.max_grad_norm)
        optimizer.step()
        values.append(float(value.detach()))
    return values


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("at_once", [None, 7], ids=["whole batches", "seven texts at once"])
def test_the_first_losses_are_those_of_sentence_transformers(
    at_once: int | None, tiny_model: Path, unrelated: list[dict[str, str]], tmp_path: Path
) -> None:
    main, beside = list(unrelated), three_sets(unrelated)
    training = a_training(tmp_path / "store", tiny_model, main, RECIPE, beside=beside)
    losses, batches, sets = ours(training, tiny_model, main, at_once)
    assert {sets.name(batch) for batch in batches} == {None, "sts", "tickets", "hard"}
    expected = plain(tiny_model, [main, *([dict(row) for row in one.rows] for one in beside)], batches, sets)
    assert losses == pytest.approx(expected, abs=1e-4)


def test_a_killed_training_of_several_sets_continues_to_bit_equal_weights(
    warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path
) -> None:
    recipe = RECIPE.model_copy(update={"dropout": 0.1, "epochs": 3, "batch_size": 16, "max_seq_length": 32})
    beside = three_sets(pairs[:120])
    undisturbed, killed, alone = (
        a_training(tmp_path / name, tiny_model, pairs, recipe, beside=sets)
        for name, sets in (("undisturbed", beside), ("killed", beside), ("alone", []))
    )
    run_to_the_end(warm, undisturbed)
    assert stop_in_the_middle(warm, killed, signal.SIGKILL) == -signal.SIGKILL
    run_to_the_end(warm, killed)
    assert killed.report.resumed_from_step is not None
    assert killed.report.resumed_from_step >= 20
    assert killed.weights_sha256 == undisturbed.weights_sha256
    assert killed.report.curve == undisturbed.report.curve
    run_to_the_end(warm, alone)
    assert alone.weights_sha256 != undisturbed.weights_sha256

    report = undisturbed.report
    assert report.rows == len(pairs)
    assert [(one.name, one.steps_per_epoch) for one in report.auxiliary] == [("sts", 8), ("tickets", 4), ("hard", 6)]
    assert report.total_steps == 3 * (15 + 8 + 4 + 6)
    for one in report.auxiliary:
        points = [point.loss for point in report.curve if point.auxiliary == one.name]
        assert (points[0], points[-1]) == (one.first_loss, one.last_loss)
    assert undisturbed.manifest.facts["final_loss"] == [p.loss for p in report.curve if p.auxiliary is None][-1]


def test_matryoshka_is_around_every_loss(warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path) -> None:
    recipe = Training.model_validate({**RECIPE.model_dump(), "epochs": 1, "matryoshka": {"dims": [32, 8]}})
    whole, cut = (
        a_training(tmp_path / name, tiny_model, pairs[:48], made, beside=three_sets(pairs[:48])[:1])
        for name, made in (("whole", recipe.model_copy(update={"matryoshka": None})), ("cut", recipe))
    )
    for training in (whole, cut):
        assert warm.run(training.request, "train") == Exit.OK
    (one,), (two,) = whole.report.auxiliary, cut.report.auxiliary
    assert two.first_loss
    assert one.first_loss
    assert two.first_loss > 1.5 * one.first_loss, "the sum of two lengths"
