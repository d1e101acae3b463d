"""Everything that is `Auto`, spelled out; and what only the data can tell to be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from embtune_api.base_model import BaseModelRef
from embtune_api.data import Data
from embtune_api.early_stopping import OF_JUDGED, EarlyStopping, usual_metric
from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.losses import FITTING, JUDGED, Prepared, built_as
from embtune_api.metrics import SuiteKind, suite_metrics
from embtune_api.suite_kinds import EXAM_KINDS
from embtune_api.training import Training
from embtune_api.tune import FEWEST_FROM_SCRATCH

if TYPE_CHECKING:
    from embtune_api.documents.prepare import PreparedSet

FEWEST_VALIDATED = 50
"""Validation rows: fewer say too little about which step was best."""
_MOST_LOOKS = 8
_ROWS_A_LOOK = 1_200
"""Rows passed in training, all epochs together, for each look at the validation rows."""
_PASSED_A_QUESTION = 24
"""Rows passed in training, for each question of each look. Asking one takes about as long as learning from one row."""
_MOST_QUESTIONS = 500


def resolve_data(data: Data, training: Training) -> Data:
    """The data with what labelled texts become made explicit: whatever the loss learns from."""
    if data.train[0].columns.shape != "labelled texts":
        return data
    made = built_as("labelled texts", data.build.labelled_texts, training.loss.name)
    explicit = {"labelled_texts": "Batches" if made == "labelled texts" else "Pairs"}
    build = data.build.model_copy(update=explicit if data.build.labelled_texts == "Auto" else {})
    return data.model_copy(update={"build": build})


def from_own_version(model: str, base: BaseModelRef) -> bool:
    """Whether a job of the line `model` starts from a version of that line."""
    return base.version is not None and base.version.model == model


def resolve(
    training: Training,
    rows: int,
    shape: Prepared = "pairs",
    validation_rows: int = 0,
    *,
    goes_on: bool = False,
    beside: Sequence[PreparedSet] = (),
) -> Training:
    """The recipe with every preset value made explicit, for `rows` prepared rows of a shape. A maxSeqLength that is Auto stays:
    it takes a tokenizer.

    Starting points by data size: small sets have few steps, and need more passes at a higher rate; large sets a gentler one. A
    line that goes on from its own version has most of the way behind it: one epoch at the gentlest rate, so that little is
    forgotten.

    Args:
        beside: auxiliary sets. They make epochs longer; epochs, batchSize and learningRate are by the main rows alone.

    Raises:
        InvalidInput: the loss learns from scores of 0 and 1, and there are others; or from triplets, and there are pairs; or
            there are too few rows to learn from nothing; or validation rows are to be looked at, and there are none, or none
            that this metric is of.
    """
    loss = training.loss if training.loss.name != "Auto" else training.loss.model_copy(update={"name": FITTING[shape]})
    if loss.name in JUDGED and shape == "scored pairs":
        raise InvalidInput(
            f"training.loss: {loss.name} learns from scores of 0 and 1, and data.train has others. Take CoSENT or "
            f"CosineSimilarity, or leave the loss to Auto."
        )
    if loss.name == "Triplet" and shape == "pairs":
        raise InvalidInput(
            "training.loss: Triplet learns from triplets, and some of the rows that data.replay brings back have no negatives. "
            "Take MultipleNegativesRanking, which learns from both, or leave data.replay out."
        )
    if training.tune is not None and training.tune.from_scratch and rows < FEWEST_FROM_SCRATCH:
        raise InvalidInput(
            f"training.tune.fromScratch: {rows} rows to train on are too few to learn from nothing, which takes "
            f"{FEWEST_FROM_SCRATCH} at least. Leave fromScratch out: the base model's own weights are a better start."
        )
    epochs, size, learning_rate = _starting_points(rows)
    if goes_on:
        epochs, learning_rate = 1, 1e-5
    epochs = training.epochs or epochs
    size = training.batch_size or size
    steps = epochs * steps_with(beside, rows, size)
    stopping = _explicit_stopping(training, shape)
    if training.wants_validation and not validation_rows:
        raise InvalidInput(
            "training.evaluationSteps, training.earlyStopping: there are no validation rows to look at. Set "
            "data.split.validation, or leave both fields out."
        )
    explicit = {
        "loss": loss,
        "epochs": epochs,
        "batch_size": size,
        "learning_rate": training.learning_rate or learning_rate,
        "checkpoint_steps": training.checkpoint_steps or max(1, -(-steps // 8)),
        "early_stopping": stopping,
        "evaluation_steps": _evaluation_steps(training, rows * epochs, steps, validation_rows),
    }
    return training.model_copy(update=explicit)


def _explicit_stopping(training: Training, shape: Prepared) -> EarlyStopping | None:
    stopping = training.early_stopping
    if stopping is None:
        return None
    if stopping.metric in OF_JUDGED and shape == "scored pairs":
        raise InvalidInput(
            f"training.earlyStopping.metric: {stopping.metric} is of scores of 0 and 1, and data.train has others. Take spearman "
            f"or pearson, or leave it out."
        )
    return stopping.model_copy(update={"metric": stopping.metric or usual_metric(shape)})


def _evaluation_steps(training: Training, passed: int, steps: int, validation_rows: int) -> int:
    """`passed`: rows, all epochs together."""
    if training.evaluation_steps is not None:
        return training.evaluation_steps
    if training.tune is not None and training.tune.documents_stay:
        return 0  # one encoder alone would be asked, of two
    looks = min(_MOST_LOOKS, passed // _ROWS_A_LOOK) if validation_rows >= FEWEST_VALIDATED else 0
    if training.early_stopping:
        looks = max(looks, 2 * training.early_stopping.patience)
    return -(-steps // looks) if looks else 0


def questions_a_look(training: Training, rows: int, beside: Sequence[PreparedSet] = ()) -> int:
    """At most, of the validation rows; the recipe has every value explicit. More looks ask less each."""
    assert training.epochs
    assert training.batch_size
    assert training.evaluation_steps
    looks = max(1, training.epochs * steps_with(beside, rows, training.batch_size) // training.evaluation_steps)
    fair = rows * training.epochs // (_PASSED_A_QUESTION * looks)
    return max(FEWEST_VALIDATED, min(_MOST_QUESTIONS, fair))


def kinds_for(exam: Prepared) -> tuple[SuiteKind, ...]:
    """Kinds of suites that an exam made of such rows can tell, the usual one first."""
    return EXAM_KINDS[exam]


def batch_size(training: Training, rows: int) -> int:
    """Rows in a global batch, for so many prepared rows."""
    return training.batch_size or _starting_points(rows)[1]


def _starting_points(rows: int) -> tuple[int, int, float]:
    """Epochs, rows in a batch, learning rate. Very few rows make ten steps an epoch, so that there is something to learn in."""
    if rows < 5_000:
        return 4, min(64, max(16, rows // 10)), 7e-5
    return (3, 32, 2e-5) if rows <= 50_000 else (2, 64, 1e-5)


def refuse_other_exam(suites: Sequence[Suite], exam: Prepared) -> None:
    """
    Args:
        exam: shape of the line's exam.

    Raises:
        InvalidInput: a suite without an exam of its own asks what this one cannot tell.
    """
    fitting = kinds_for(exam)
    for number, suite in enumerate(suites):
        if suite.kind not in fitting and not suite.has_own_exam:
            raise InvalidInput(
                f"evaluation.suites[{number}].kind: {suite.kind} cannot be measured on the line's exam, which was made of "
                f"{exam}. Take {' or '.join(fitting)}, and gates on {', '.join(suite_metrics(suite.name, fitting[0], (10,)))}; "
                f"or give the suite data of its own."
            )


def refuse_longer_vectors(suites: Sequence[Suite], dimension: int | None, whose: str) -> None:
    """
    Args:
        dimension: of the vectors of a model that is trained; None: nobody knows.
        whose: what the model is called in the spec.

    Raises:
        InvalidInput: more numbers of each vector are to be kept than there are.
    """
    for number, suite in enumerate(suites):
        for place, way in enumerate(suite.compressed or []):
            if dimension is not None and (way.dimension or 0) > dimension:
                raise InvalidInput(
                    f"evaluation.suites[{number}].compressed[{place}].dimension: {way.dimension} numbers of each vector are to "
                    f"be kept, and those of {whose} have {dimension}. Give at most {dimension}, or leave it out."
                )


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Global batches an epoch: sizes differ by at most one, so there is no ragged tail."""
    return max(1, -(-rows // batch_size))


def steps_of(auxiliary: PreparedSet, batch_size: int) -> int:
    """Global batches of an auxiliary set in each epoch of the main rows."""
    return max(1, round(steps_per_epoch(auxiliary.rows, batch_size) * auxiliary.weight))


def steps_with(beside: Sequence[PreparedSet], rows: int, batch_size: int) -> int:
    """Global batches an epoch: of the main rows, each once, and of the sets beside them."""
    return steps_per_epoch(rows, batch_size) + sum(steps_of(one, batch_size) for one in beside)
