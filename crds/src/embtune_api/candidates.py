"""Several bases or recipes in one job, of which the best is examined: `spec.candidates`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from embtune_api.base import Resource
from embtune_api.base_model import BaseModelRef
from embtune_api.crd import expressions
from embtune_api.encoder import Encoder
from embtune_api.losses import CACHED, LOSS_SHAPES, TEACHERS, LossChoice, built_as
from embtune_api.matryoshka import Matryoshka
from embtune_api.names import DnsLabel
from embtune_api.places import OutsideModel, SecretRef
from embtune_api.training import FEWEST_LABELLED, Loss, Training
from embtune_api.tune import Tune

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.data import Data

ONE_NAME = "candidates have names of their own"
UNTAUGHT = (
    f"candidates learn from the rows alone: none of them, and not spec.training, has a loss with a teacher "
    f"({', '.join(sorted(TEACHERS))}) or documentEncoder Frozen, which prepare makes ready for one model"
)
UNFIT = "a candidate's loss learns from the columns of data.train, which are prepared once, as spec.training.loss wants them"
TOO_SMALL = f"a candidate that compares texts of several labels in each batch needs batchSize {FEWEST_LABELLED} or more"
TWO_SIZES = "training.microBatchSize is not for a candidate with a Cached loss: leave it out"
UNRANKED = (
    "candidates are ranked on validation rows, and data.split holds none out: set split.validation, or with method Time "
    "split.validationFrom"
)
NO_CANDIDATES = "runtime.candidatesSeconds is for a job with candidates"

_OF_LABELS = sorted(name for name, shapes in LOSS_SHAPES.items() if "labelled texts" in shapes)


def _each(rule: str) -> str:
    """The rule for every candidate c."""
    return f"!has(self.candidates) || self.candidates.all(c, {rule})"


def _loss_or(otherwise: str) -> str:
    return f"(has(c.training) && has(c.training.loss) ? c.training.loss : {otherwise})"


_BATCH = (
    "(has(c.training) && has(c.training.batchSize) ? c.training.batchSize : "
    f"(has(self.training.batchSize) ? self.training.batchSize : {FEWEST_LABELLED}))"
)
_FROZEN = "has({0}.tune) && {0}.tune.documentEncoder == 'Frozen'"

CEL_NAMES = _each("self.candidates.exists_one(o, o.name == c.name)")
CEL_UNTAUGHT = (
    f"!has(self.candidates) || (!(self.training.loss.name in {sorted(TEACHERS)}) && !({_FROZEN.format('self.training')}) && "
    f"self.candidates.all(c, !has(c.training) || ((!has(c.training.loss) || !(c.training.loss in {sorted(TEACHERS)})) && "
    f"!({_FROZEN.format('c.training')}))))"
)
CEL_FITS = _each(
    "!has(c.training) || !has(c.training.loss) || ("
    + expressions.LOSS_FITS.replace("self.training.loss.name", "c.training.loss")
    + f" && (self.data.build.labelledTexts != 'Auto' || (c.training.loss in {_OF_LABELS}) == "
    f"(self.training.loss.name in {_OF_LABELS})))"
)
CEL_BATCHES = _each(f"!({_loss_or('self.training.loss.name')} in {_OF_LABELS}) || {_BATCH} >= {FEWEST_LABELLED}")
_PLAIN = "''"
CEL_SIZES = f"!has(self.training.microBatchSize) || {_each(f'!({_loss_or(_PLAIN)} in {sorted(CACHED.values())})')}"
CEL_RANKED = (
    "!has(self.candidates) || ((!has(self.data.split.validation) || self.data.split.validation > 0.0) && "
    "(self.data.split.method != 'Time' || has(self.data.split.validationFrom)))"
)


class CandidateBase(OutsideModel):
    """A model from outside. To go on from a version, name that as spec.baseModel."""

    secret_ref: SecretRef | None = None
    """Credentials for an s3:// uri, or HF_TOKEN for a private model of the hub."""

    @property
    def reference(self) -> BaseModelRef:
        return BaseModelRef(uri=self.uri, secret_ref=self.secret_ref)


class CandidateTraining(Resource):
    """What of spec.training is otherwise; whatever is left out is as it says there."""

    loss: LossChoice | None = None
    """Its name; scale and margin are the loss's own. Losses with a teacher are not for candidates."""
    matryoshka: Matryoshka | None = None
    """Around the loss, whichever it is."""
    epochs: Annotated[int, Field(ge=1, le=100)] | None = None
    """Passes over the rows."""
    batch_size: Annotated[int, Field(ge=2, le=65536)] | None = None
    """Rows in a global batch."""
    learning_rate: Annotated[float, Field(gt=0, le=0.1)] | None = None
    """At its highest, after the warm-up."""
    tune: Tune | None = None
    """Which part of the model learns."""

    def instead_of(self, training: Training) -> Training:
        """The whole recipe."""
        own = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        if self.loss is not None:
            own["loss"] = training.loss if self.loss == training.loss.name else Loss(name=self.loss)
        return training.model_copy(update=own)


class Candidate(Resource):
    """One base and recipe. What is left out is as the job says; nothing else at all: the job's own base and recipe."""

    name: DnsLabel
    """What it is called in the status and on the report."""
    base_model: CandidateBase | None = None
    """Where it starts. The base that gates compare with stays spec.baseModel."""
    encoder: Encoder | None = None
    """What it reads and gives, the whole of it: base models want prompts of their own."""
    training: CandidateTraining | None = None
    """How it learns."""

    def trained_as(self, training: Training) -> Training:
        """Given that of the job."""
        return self.training.instead_of(training) if self.training else training


def are_untaught(candidates: Sequence[Candidate], training: Training) -> bool:
    recipes = [training, *(candidate.trained_as(training) for candidate in candidates)]
    return not any(one.loss.name in TEACHERS or (one.tune and one.tune.documents_stay) for one in recipes)


def fit(candidates: Sequence[Candidate], training: Training, data: Data) -> bool:
    """Whether each has a loss that learns from the rows as they are prepared for the job's own."""
    losses = [one.training.loss for one in candidates if one.training and one.training.loss]
    texts = data.build.labelled_texts
    fits = all(built_as(source.columns.shape, texts, loss) for source in data.train for loss in losses)
    alike = texts != "Auto" or all((loss in _OF_LABELS) == (training.loss.name in _OF_LABELS) for loss in losses)
    return fits and alike


def have_whole_batches(candidates: Sequence[Candidate], training: Training) -> bool:
    recipes = [candidate.trained_as(training) for candidate in candidates]
    return not any(one.loss.name in _OF_LABELS and (one.batch_size or FEWEST_LABELLED) < FEWEST_LABELLED for one in recipes)


def have_one_size(candidates: Sequence[Candidate], training: Training) -> bool:
    return training.micro_batch_size is None or not any(one.trained_as(training).loss.is_cached for one in candidates)
