"""`training.maxSeqLength: Auto`: how much of a text is trained on, and who says so."""

from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer

from embtune_api.keys import StepKeys
from embtune_api.status import Progress
from embtune_api.training import Training
from embtune_api.tune import Tune
from embtune_store import open_store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.lengths import length_of_most
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.length import with_length
from embtune_trainer.train.outcome import History
from embtune_trainer.train.ranks import Ranks

AUTO = Training(max_seq_length="Auto")
FROZEN = AUTO.model_copy(update={"tune": Tune(document_encoder="Frozen")})


@pytest.mark.parametrize(
    ("lengths", "most", "length"),
    [
        pytest.param(range(1, 101), None, 96, id="95 of 100 texts are whole"),
        pytest.param([5] * 19 + [500], None, 8, id="one text in twenty may be cut"),
        pytest.param([5] * 18 + [500] * 2, None, 504, id="two in twenty may not"),
        pytest.param([5] * 18 + [500] * 2, 250, 250, id="but where the model reads no more"),
        pytest.param([64] * 20, 512, 64, id="a multiple of 8 is not rounded"),
        pytest.param([65] * 20, 512, 72, id="another number is, upwards"),
        pytest.param([40_000], None, 32_768, id="a job can ask for no more"),
        pytest.param([3], 512, 8, id="a single text"),
    ],
)
def test_the_length_that_most_texts_need(lengths: list[int], most: int | None, length: int) -> None:
    assert length_of_most(lengths, most) == length


@pytest.fixture
def model(tiny_model: Path) -> SentenceTransformer:
    return load_encoder(tiny_model, torch.device("cpu"))


@pytest.fixture
def checkpoints() -> Checkpoints:
    return Checkpoints(open_store("memory://"), StepKeys("train"))


@pytest.mark.parametrize(("recipe", "sides"), [(AUTO, ("anchor", "positive")), (FROZEN, ("anchor",))], ids=["both", "anchors"])
def test_tokens_are_counted_by_the_models_own_tokenizer(
    recipe: Training,
    sides: tuple[str, ...],
    pairs: list[dict[str, str]],
    model: SentenceTransformer,
    ranks: Ranks,
    checkpoints: Checkpoints,
) -> None:
    told: list[Progress] = []
    length = with_length(recipe, pairs, model, ranks, checkpoints, told.append).explicit_max_seq_length
    counts = [len(model.tokenizer(row[side])["input_ids"]) for row in pairs for side in sides]
    assert length is not None
    assert length % 8 == 0
    whole, less = (sum(count <= limit for count in counts) / len(counts) for limit in (length, length - 8))
    assert less < 0.95 <= whole
    assert told[-1].message == f"maxSeqLength: {length}, which 95 % of the texts need at most (Auto)"
    assert model.max_seq_length == 64, "the published model keeps its own limit"


def test_no_more_is_trained_than_the_model_reads(
    pairs: list[dict[str, str]], model: SentenceTransformer, ranks: Ranks, checkpoints: Checkpoints
) -> None:
    model.max_seq_length = 9
    assert with_length(AUTO, pairs, model, ranks, checkpoints, lambda _: None).max_seq_length == 9


def test_a_training_that_goes_on_reads_as_much_as_before(
    pairs: list[dict[str, str]], model: SentenceTransformer, ranks: Ranks, checkpoints: Checkpoints
) -> None:
    optimizer = torch.optim.AdamW(model.parameters())
    checkpoints.save(3, model, optimizer, History(max_seq_length=40))
    assert with_length(AUTO, pairs, model, ranks, checkpoints, lambda _: None).max_seq_length == 40


def test_a_number_stays_what_it_is(
    pairs: list[dict[str, str]], model: SentenceTransformer, ranks: Ranks, checkpoints: Checkpoints
) -> None:
    recipe = Training(max_seq_length=17)
    assert with_length(recipe, pairs, model, ranks, checkpoints, lambda _: None) is recipe
