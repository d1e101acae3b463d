"""What people write: the spec of a FineTuneJob.

Every field is declared here once: its description, default and bounds. Rules over several fields are validators that
name the rule; `cel` stands beside each as its twin for the API server. A word enters an enumeration on the day the code
behind it works, not before.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from embtune_api.base import Resource
from embtune_api.base_model import BaseModelRef
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.data import Data
from embtune_api.early_stopping import OF_PAIRS
from embtune_api.evaluation import THE_EXAM, Evaluation
from embtune_api.losses import SHAPE_COLUMNS, TRANSLATIONS, built_as, learns_from
from embtune_api.names import DnsLabel
from embtune_api.promotion import Promotion
from embtune_api.training import Training

NO_VALIDATION = (
    "training.evaluationSteps and training.earlyStopping look at validation rows, and data.split holds none out: set "
    "split.validation, or with method Time split.validationFrom"
)
OTHER_METRIC = f"earlyStopping.metric: {', '.join(sorted(OF_PAIRS))} are of scored pairs, the others of all other data"
RESERVED = "cannot be called jobs: the store keeps jobs under that name"


class Runtime(Resource):
    """Where the steps run, on how much, and how often they are tried."""

    profile: DnsLabel | None = None
    """A profile of the platform (node selector, tolerations, limits); a local run has none."""
    nodes: Annotated[int, Field(ge=1, le=1024)] = 1
    """Pods that train together."""
    gpus_per_node: Annotated[int, Field(ge=0, le=64)] = 0
    """GPUs of each of these pods; 0: it trains on the CPU."""
    processes_per_node: Annotated[int, Field(ge=1, le=256)] = 1
    """Training processes in each of these pods: usually one a GPU."""
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    """Launches of a step that may fail by its own fault; evictions and lost nodes are not counted."""
    deadline_seconds: Annotated[int, Field(ge=60, le=2_592_000)] | None = None
    """The job fails when it is not done this long after its first step started; time suspended or queued counts."""


class Recipe(Resource):
    """What a job does, whatever line it is for."""

    base_model: BaseModelRef
    data: Data
    training: Training = Training()
    evaluation: Evaluation = Evaluation(suites=[THE_EXAM])
    promotion: Promotion = Promotion()
    runtime: Runtime = Runtime()
    suspend: bool = False
    """True: save a checkpoint and free the pods; false again: go on from there. May be changed at any time."""
    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=31_536_000)] | None = None
    """Seconds after the end until the job's pods and scratch objects are removed; the job and its version stay. None: kept."""

    @model_validator(mode="after")
    @cel(
        expressions.LOSS_FITS,
        "the loss does not learn from the columns of data.train",
        field="data.train",
        message_cel=expressions.LOSS_TOLD,
    )
    def _loss_fits_the_data(self) -> Self:
        loss, build = self.training.loss.name, self.data.build
        wanted = sorted(learns_from(loss))
        for number, source in enumerate(self.data.train):
            shape = source.columns.shape
            if built_as(shape, build.labelled_texts, loss) is None:
                columns = ", ".join(sorted({column for learnt in wanted for column in SHAPE_COLUMNS[learnt]}))
                as_built = f" built as {build.labelled_texts}" if shape == "labelled texts" else ""
                raise ValueError(
                    f"loss {loss} learns from {' or '.join(wanted)}, but data.train[{number}].columns maps {shape}{as_built}; "
                    f"map the columns {columns}, or choose a loss for {shape}{as_built}"
                )
        return self

    @model_validator(mode="after")
    @cel(expressions.NEGATIVES_THERE, expressions.NO_NEGATIVES, field="data")
    def _margins_are_of_negatives(self) -> Self:
        data = self.data
        made = data.mine is not None or data.build.negatives != "None" or data.build.labelled_texts == "Triplets"
        if self.training.loss.name == "MarginMSE" and not made and any(s.columns.negative is None for s in data.train):
            raise ValueError(expressions.NO_NEGATIVES)
        return self

    @model_validator(mode="after")
    @cel(expressions.NO_NEGATIVES_MADE, expressions.NEGATIVES_FOR_NOTHING, field="data")
    def _translations_have_no_negatives(self) -> Self:
        made = self.data.mine is not None or self.data.build.negatives != "None"
        if self.training.loss.name in TRANSLATIONS and made:
            raise ValueError(expressions.NEGATIVES_FOR_NOTHING)
        return self

    @model_validator(mode="after")
    @cel(
        "!(has(self.training.earlyStopping) || (has(self.training.evaluationSteps) && self.training.evaluationSteps > 0)) || "
        "((!has(self.data.split.validation) || self.data.split.validation > 0.0) && "
        "(self.data.split.method != 'Time' || has(self.data.split.validationFrom)))",
        NO_VALIDATION,
        field="data.split",
    )
    def _there_is_something_to_validate_on(self) -> Self:
        split = self.data.split
        if self.training.wants_validation and split.method != "Given" and not split.wants_validation:
            raise ValueError(NO_VALIDATION)
        return self

    @model_validator(mode="after")
    @cel(
        "!has(self.training.earlyStopping) || !has(self.training.earlyStopping.metric) || "
        "self.training.earlyStopping.metric == 'loss' || "
        f"(self.training.earlyStopping.metric in {sorted(OF_PAIRS)}) == has(self.data.train[0].columns.score)",
        OTHER_METRIC,
        field="training.earlyStopping",
    )
    def _the_validation_metric_fits_the_data(self) -> Self:
        stopping = self.training.early_stopping
        metric = stopping.metric if stopping else None
        if metric and metric != "loss" and (metric in OF_PAIRS) != (self.data.train[0].columns.score is not None):
            raise ValueError(OTHER_METRIC)
        return self

    @model_validator(mode="after")
    @cel(f"self.promotion.gates.all(g, {expressions.YIELDED})", expressions.NOT_YIELDED, field="promotion.gates")
    def _gates_name_metrics_that_exist(self) -> Self:
        known = [name for suite in self.evaluation.suites for name in suite.metrics()]
        for number, gate in enumerate(self.promotion.gates):
            if gate.metric not in known:
                raise ValueError(
                    f"promotion.gates[{number}].metric {gate.metric} is not yielded by any suite; "
                    f"choose one of {', '.join(known)}"
                )
        return self


class FineTuneJobSpec(Recipe):
    """One job. Immutable, but for `suspend` and `ttlSecondsAfterFinished`."""

    mutable_fields: ClassVar = frozenset({"suspend", "ttlSecondsAfterFinished"})

    model: DnsLabel
    """The line that the new version is numbered in."""

    @field_validator("model")
    @classmethod
    @cel("self.model != 'jobs'", RESERVED, field="model")
    def _model_is_not_reserved(cls, model: str) -> str:
        if model == "jobs":
            raise ValueError(RESERVED)
        return model
