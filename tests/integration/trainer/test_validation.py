"""The validation rows in the middle of a training: the best weights come out, and patience survives a crash."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from embtune_api.early_stopping import EarlyStopping
from embtune_api.errors import EmbtuneError, Tampered
from embtune_api.keys import StepKeys
from embtune_api.training import Loss, Training
from embtune_api.training_record import ValidationPoint
from embtune_store import open_store
from embtune_store.protocol import Store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.consistency import check_consistency
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.validation import make_validation
from support.cramped import Cramped, a_loop
from support.dying import Killed
from support.training_rows import rows_for

KEYS = StepKeys("train")
RECIPE = Training(
    loss=Loss(name="MultipleNegativesRanking"),
    epochs=6,
    batch_size=16,
    learning_rate=5e-3,
    warmup_ratio=0.0,
    max_seq_length=16,
    seed=7,
    checkpoint_steps=3,
    evaluation_steps=2,
    early_stopping=EarlyStopping(metric="ndcg@10", patience=3),
    precision="fp32",
)


Make = Callable[..., Cramped]


def exchanged(pairs: list[dict[str, str]]) -> list[dict[str, str]]:
    """Each question with another's answer: after the first steps, who learns this gets worse at answering."""
    answers = [pair["positive"] for pair in pairs]
    return [pair | {"positive": answer} for pair, answer in zip(pairs, [*answers[5:], *answers[:5]], strict=True)]


@pytest.fixture(scope="module")
def make(tiny_model: Path, pairs: list[dict[str, str]], ranks: Ranks) -> Make:
    def make(store: Store, recipe: Training = RECIPE, **cramped: Any) -> Cramped:
        checkpoints = Checkpoints(store, KEYS)
        return a_loop(tiny_model, exchanged(pairs[100:164]), recipe, ranks, checkpoints, validation=pairs[100:160], **cramped)

    return make


@pytest.fixture(scope="module")
def stopped(make: Make) -> tuple[Cramped, Outcome]:
    """Ended early, since it got worse."""
    loop = make(open_store("memory://"))
    return loop, loop.run()


def test_the_weights_of_the_best_step_come_out(stopped: tuple[Cramped, Outcome]) -> None:
    loop, outcome = stopped
    best = loop.looks.best(outcome)
    assert best
    assert outcome.stopped_early
    assert loop.steps[-1][0] + 1 == outcome.validated[-1].step == best.step + 3 * 2, "three looks without a better one"
    assert best.step < outcome.validated[-1].step < loop.total_steps
    assert loop.looks.validation
    again = loop.looks.validation.look(best.step, loop.model, torch.float32)
    assert again == best, "the same weights answer the same"
    assert f"best at step {best.step}" in loop.looks.note(outcome)
    report = loop.looks.report(outcome)
    assert report
    assert (report.best_step, report.stopped_early, report.questions) == (best.step, True, 60)


@pytest.mark.parametrize("dies_at", [3, 5, 7])
def test_a_killed_training_keeps_its_patience_and_its_best(make: Make, stopped: tuple[Cramped, Outcome], dies_at: int) -> None:
    store = open_store("memory://")
    with pytest.raises(Killed):
        make(store, dies_at=dies_at).run()
    loop = make(store)
    outcome = loop.run()
    assert outcome.validated == stopped[1].validated
    for one, two in zip(loop.model.parameters(), stopped[0].model.parameters(), strict=True):
        assert torch.equal(one, two)


def test_the_best_checkpoint_stays_beside_the_last_ones(make: Make) -> None:
    store = open_store("memory://")
    loop = make(store)
    outcome = loop.run()
    kept = {int(stored.key.split("/")[2]) for stored in store.list(KEYS.checkpoints) if stored.key.endswith("manifest.json")}
    assert loop.looks.best_step(outcome) in kept
    assert len(kept) <= 3
    assert all(later.step - earlier.step == 2 for earlier, later in pairwise(outcome.validated))


def test_best_weights_that_were_changed_are_not_published(make: Make) -> None:
    store = open_store("memory://")
    loop = make(store)
    best = loop.looks.best_step(loop.run())
    assert best
    key = f"{KEYS.checkpoint(best)}/state/state.safetensors"
    data = bytearray(store.get(key))
    data[-1] ^= 1
    store.put(key, bytes(data))
    scored = [ValidationPoint(step=best, loss=1.0, score=0.9)]
    with pytest.raises(Tampered):
        loop.looks.take_best(99, loop.checkpoints, loop.model, loop._optimizer(), Outcome(validated=scored))
    data[-1] ^= 1
    store.put(key, bytes(data))
    with pytest.raises(EmbtuneError, match=r"scored 0\.9000 in the training"):
        loop.looks.take_best(99, loop.checkpoints, loop.model, loop._optimizer(), Outcome(validated=scored))


def test_without_looks_the_last_weights_come_out(make: Make) -> None:
    loop = make(open_store("memory://"), recipe=RECIPE.model_copy(update={"evaluation_steps": 0, "epochs": 1}))
    outcome = loop.run()
    assert outcome.validated == []
    assert loop.looks.report(outcome) is None


@pytest.mark.parametrize(
    ("loss", "metric"),
    [("CoSENT", "spearman"), ("Contrastive", "ap"), ("BatchHardSoftMarginTriplet", "ndcg@10"), ("Triplet", "ndcg@10")],
)
def test_every_shape_has_its_metric(tiny_model: Path, pairs: list[dict[str, str]], loss: Any, metric: str) -> None:
    recipe = RECIPE.model_copy(update={"loss": Loss(name=loss), "early_stopping": None, "batch_size": 8})
    model = load_encoder(tiny_model, torch.device("cpu"))
    validation = make_validation(rows_for(loss, pairs[:60]), model, recipe, questions=40)
    assert validation
    assert validation.selection.metric == metric
    assert validation.rows_with_loss % 8 == 0
    assert validation.questions <= 40
    point = validation.look(3, model, torch.float32)
    assert -1 <= point.score <= 1
    assert np.isfinite(point.loss)
    assert model.training


def test_a_sound_model_is_consistent_and_a_broken_one_is_told(tiny_model: Path, pairs: list[dict[str, str]]) -> None:
    model, texts = load_encoder(tiny_model, torch.device("cpu")), [pair["anchor"] for pair in pairs]
    assert check_consistency(model, texts) == []
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    (finding,) = check_consistency(model, texts)
    assert "no direction" in finding.message
