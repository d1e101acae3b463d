"""What Auto stands for: the loss, and what labelled texts become."""

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from embtune_api.base_model import BaseModelRef
from embtune_api.data import Data
from embtune_api.errors import InvalidInput
from embtune_api.losses import BUILT, FITTING, JUDGED, LOSS_SHAPES, LossName, Prepared, built_as
from embtune_api.presets import from_own_version, questions_a_look, resolve, resolve_data, steps_per_epoch
from embtune_api.spec import Recipe
from embtune_api.training import Training
from support.training_rows import loss_named

BASE = {"uri": "hf://org/model"}
TICKETS = {"text": "ticket", "label": "queue"}
PAIRS = {"anchor": "q", "positive": "a"}
SCORED = {"sentence1": "a", "sentence2": "b", "score": "s"}
TRIPLETS = {**PAIRS, "negative": "n"}


def data(*columns: dict[str, str], **more: Any) -> Data:
    return Data.model_validate({"train": [{"uri": "s3://b/a.csv", "columns": each} for each in columns], **more})


@pytest.mark.parametrize("shape", FITTING)
def test_the_loss_that_fits_learns_from_the_shape(shape: Prepared) -> None:
    explicit = resolve(Training(), 1000, shape).loss
    assert explicit.name == FITTING[shape]
    assert ("scored pairs" if shape == "0/1 pairs" else shape) in LOSS_SHAPES[FITTING[shape]]
    assert explicit == Training.model_validate({"loss": {"name": explicit.name}}).loss, "nothing else of it changes"


@pytest.mark.parametrize("loss", get_args(LossName))
def test_a_loss_that_is_named_stays(loss: LossName) -> None:
    shape: Prepared = "0/1 pairs" if loss in JUDGED else min(LOSS_SHAPES[loss])
    assert resolve(Training(loss=loss_named(loss, scale=7)), 1000, shape).loss.name == loss


def test_triplets_among_which_pairs_were_replayed_are_not_learnt_from_as_triplets() -> None:
    with pytest.raises(InvalidInput, match="Triplet learns from triplets, and some of the rows that"):
        resolve(Training.model_validate({"loss": {"name": "Triplet"}}), 1000, "pairs")


@pytest.mark.parametrize(
    ("base", "epochs", "rate"),
    [
        pytest.param({"version": {"model": "search"}}, 1, 1e-5, id="from the line's own production"),
        pytest.param({"version": {"model": "search", "ref": "2"}}, 1, 1e-5, id="from another version of the line"),
        pytest.param({"version": {"model": "general"}}, 4, 5e-5, id="from another line"),
        pytest.param(BASE, 4, 5e-5, id="from a model"),
    ],
)
def test_a_line_that_goes_on_from_itself_learns_gently(base: dict[str, Any], epochs: int, rate: float) -> None:
    own = from_own_version("search", BaseModelRef.model_validate(base))
    explicit = resolve(Training(), 1000, goes_on=own)
    assert (explicit.epochs, explicit.learning_rate, explicit.batch_size) == (epochs, rate, 32)
    said = resolve(Training(epochs=7, learning_rate=3e-4), 1000, goes_on=own)
    assert (said.epochs, said.learning_rate) == (7, 3e-4)


def test_few_rows_are_not_learnt_from_scratch() -> None:
    scratch = Training.model_validate({"tune": {"fromScratch": True}})
    with pytest.raises(InvalidInput, match=r"99999 rows to train on are too few to learn from nothing, which takes 100000"):
        resolve(scratch, 99_999)
    assert resolve(scratch, 100_000).tune == scratch.tune


def test_tickets_become_pairs_and_the_request_says_so() -> None:
    tickets = data(TICKETS)
    assert resolve_data(tickets, Training()).build.labelled_texts == "Pairs"
    for word in ("Pairs", "Triplets", "Batches"):
        said = data(TICKETS, build={"labelledTexts": word})
        assert resolve_data(said, Training()) == said
    pairs = data(PAIRS)
    assert resolve_data(pairs, Training()) == pairs


def test_what_a_loss_is_given_is_what_it_learns_from() -> None:
    for loss, shapes in LOSS_SHAPES.items():
        for word in BUILT:
            made = built_as("labelled texts", word, loss)
            assert made is None or (made in shapes and made in BUILT[word])


@pytest.mark.parametrize(
    ("columns", "more", "says"),
    [
        pytest.param([PAIRS, SCORED], {}, "train[0] maps pairs and train[1] scored pairs: sources go together", id="two kinds"),
        pytest.param([PAIRS, {**PAIRS, "category": "c"}], {"build": {"negatives": "SameCategory"}}, "belong together", id="half"),
        pytest.param([{**PAIRS, "category": "c"}], {}, "belong together", id="a category for nothing"),
        pytest.param([PAIRS], {"build": {"labelledTexts": "Pairs"}}, "is for labelled texts", id="no texts with labels"),
        pytest.param([PAIRS, TRIPLETS], {}, "", id="pairs, some with a wrong answer"),
    ],
)
def test_what_goes_together(columns: list[dict[str, str]], more: dict[str, Any], says: str) -> None:
    if not says:
        assert data(*columns, **more)
        return
    with pytest.raises(ValidationError) as refused:
        data(*columns, **more)
    assert says in str(refused.value)


def test_a_builder_that_makes_nothing_for_the_loss_is_refused_by_name() -> None:
    recipe = {
        "baseModel": BASE,
        "data": {"train": [{"uri": "s3://b/a.csv", "columns": TICKETS}], "build": {"labelledTexts": "Batches"}},
        "training": {"loss": {"name": "MultipleNegativesRanking"}},
    }
    with pytest.raises(
        ValidationError, match=r"learns from .*pairs.*maps labelled texts built as Batches; map the columns anchor"
    ):
        Recipe.model_validate(recipe)


@pytest.mark.parametrize(
    ("rows", "epochs", "validation_rows", "looks"),
    [(1_199, 1, 100, 0), (1_200, 1, 100, 1), (1_200, 4, 100, 4), (50_000, 3, 100, 8), (50_000, 3, 49, 0)],
    ids=["looking costs too much", "once", "now and then", "eight times at most", "too few would answer"],
)
def test_validation_rows_are_looked_at_where_it_costs_little(rows: int, epochs: int, validation_rows: int, looks: int) -> None:
    explicit = resolve(Training(epochs=epochs, batch_size=10), rows, "pairs", validation_rows)
    assert explicit.evaluation_steps is not None
    steps = epochs * steps_per_epoch(rows, 10)
    assert (steps // explicit.evaluation_steps if explicit.evaluation_steps else 0) == looks
    if looks:
        asked = looks * questions_a_look(explicit, rows)
        assert asked <= max(rows * epochs // 20, 50 * looks), "a question costs about as much as a row"


def test_stopping_early_is_made_explicit_or_refused() -> None:
    asks = Training.model_validate({"earlyStopping": {}})
    explicit = resolve(asks, 100, "scored pairs", 20)
    assert explicit.early_stopping
    assert explicit.early_stopping.metric == "spearman"
    assert explicit.evaluation_steps, "there is something to be patient about"
    with pytest.raises(InvalidInput, match=r"no validation rows.*Set data\.split\.validation"):
        resolve(asks, 100, "pairs", 0)
    with pytest.raises(InvalidInput, match="ap is of scores of 0 and 1"):
        resolve(Training.model_validate({"earlyStopping": {"metric": "ap"}}), 100, "scored pairs", 20)
