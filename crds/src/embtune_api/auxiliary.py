"""Data sets beside the main one, each with a loss of its own: `data.auxiliary`. They are for training, and for nothing else."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from embtune_api.base import Resource
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.losses import CACHED, LOSS_SHAPES, MARGINS, TEACHERS, LossChoice, learns_from
from embtune_api.names import DnsLabel
from embtune_api.sources import DataSource
from embtune_api.training import FEWEST_LABELLED, NO_MARGIN, Loss

MAIN = "main"
"""What the rows of data.train are called beside auxiliary sets."""
ONE_NAME = f"auxiliary sets have names of their own, and none of them is {MAIN}"
UNTAUGHT = (
    f"an auxiliary set has no loss with a teacher ({', '.join(sorted(TEACHERS))}): make data.train of these rows, and auxiliary "
    "sets of the others"
)
UNCACHED = (
    "how many texts are in memory at once holds for all sets: name the loss without Cached here, and set training.microBatchSize "
    "or a Cached training.loss"
)
UNFIT = "the loss of an auxiliary set learns from the columns of its rows as they are: nothing is built of them"
FROZEN = "auxiliary sets train one encoder for all texts: leave out data.auxiliary, or documentEncoder Frozen"
TRIED = "auxiliary sets are not for a job with candidates: leave out data.auxiliary, or spec.candidates"
SMALL_BATCH = (
    f"an auxiliary set of labelled texts compares texts of several labels in each batch: training.batchSize must be "
    f"{FEWEST_LABELLED} or more"
)

_FITS = " && ".join(
    f"(!(self.loss.name in {sorted(name for name, learnt in LOSS_SHAPES.items() if learnt == shapes)}) || "
    f"{expressions.any_shape('self.train.columns', sorted(shapes))})"
    for shapes in dict.fromkeys(LOSS_SHAPES.values())
)
CEL_NAMES = f"!has(self.auxiliary) || self.auxiliary.all(a, a.name != '{MAIN}' && self.auxiliary.exists_one(o, o.name == a.name))"
CEL_FROZEN = "!has(self.data.auxiliary) || !(has(self.training.tune) && self.training.tune.documentEncoder == 'Frozen')"
CEL_TRIED = "!has(self.data.auxiliary) || !has(self.candidates)"
CEL_BATCHES = (
    f"!has(self.data.auxiliary) || !has(self.training.batchSize) || self.training.batchSize >= {FEWEST_LABELLED} || "
    "!self.data.auxiliary.exists(a, has(a.train.columns.text))"
)


class AuxiliaryLoss(Resource):
    """What is made small over the rows of an auxiliary set."""

    name: LossChoice = "Auto"
    """As training.loss.name, without the losses that have a teacher and without the Cached ones. Auto: the one that fits the
    rows as they are: MultipleNegativesRanking, CoSENT, of scores 0 and 1 OnlineContrastive, of labelled texts
    BatchHardSoftMarginTriplet."""
    scale: Annotated[float, Field(gt=0, le=1000)] | None = None
    """As training.loss.scale."""
    margin: Annotated[float, Field(gt=0, le=1000)] | None = None
    """As training.loss.margin."""

    @property
    def loss(self) -> Loss:
        """The loss that it stands for."""
        return Loss(name=self.name, scale=self.scale, margin=self.margin)

    @model_validator(mode="after")
    @cel(f"!(self.name in {sorted(TEACHERS)})", UNTAUGHT, field="name")
    def _learns_from_the_rows_alone(self) -> Self:
        if self.name in TEACHERS:
            raise ValueError(UNTAUGHT)
        return self

    @model_validator(mode="after")
    @cel(f"!(self.name in {sorted(CACHED.values())})", UNCACHED, field="name")
    def _shares_the_memory(self) -> Self:
        if self.name in CACHED.values():
            raise ValueError(UNCACHED)
        return self

    @model_validator(mode="after")
    @cel(f"!has(self.margin) || self.name in {sorted(MARGINS)}", NO_MARGIN, field="margin")
    def _margin_is_of_use(self) -> Self:
        if self.margin is not None and self.name not in MARGINS:
            raise ValueError(NO_MARGIN)
        return self


class AuxiliarySet(Resource):
    """Rows to train on beside those of data.train. Each batch is of one set, and has the loss of that set."""

    name: DnsLabel
    """What it is called in reports."""
    train: DataSource
    """Its rows. Checked and compared with the exam and the validation rows as those of data.train; neither is made of them. Its
    `weight` says how often they are trained on, for each time that those of data.train are. A `category` has no use here."""
    loss: AuxiliaryLoss = AuxiliaryLoss(name="Auto")  # spelled out: an API server puts defaults to the rules as they are written

    @model_validator(mode="after")
    @cel(_FITS, UNFIT, field="loss")
    def _loss_fits_the_rows(self) -> Self:
        shape, wanted = self.train.columns.shape, learns_from(self.loss.name)
        if shape not in wanted:
            raise ValueError(f"{UNFIT}; {self.loss.name} learns from {' or '.join(sorted(wanted))}, not from {shape}")
        return self


def have_own_names(sets: list[AuxiliarySet]) -> bool:
    names = [one.name for one in sets]
    return len({MAIN, *names}) == len(names) + 1


def have_whole_batches(sets: list[AuxiliarySet], batch_size: int | None) -> bool:
    """Whether each batch can hold several texts of several labels, where a set is of such."""
    return (batch_size or FEWEST_LABELLED) >= FEWEST_LABELLED or all(one.train.columns.text is None for one in sets)
