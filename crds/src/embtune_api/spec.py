"""What people write: the spec of a FineTuneJob.

Every field is declared here once: its description, default and bounds. Rules over several fields are validators that
name the rule; `cel` stands beside each as its twin for the API server. A word enters an enumeration on the day the code
behind it works, not before.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from embtune_api import auxiliary as beside
from embtune_api import candidates as tried
from embtune_api.base_model import BaseModelRef
from embtune_api.candidates import Candidate
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.data import Data
from embtune_api.early_stopping import OF_PAIRS
from embtune_api.encoder import Encoder
from embtune_api.examined import Examined
from embtune_api.losses import SHAPE_COLUMNS, TRANSLATIONS, built_as, learns_from
from embtune_api.member import LineMember
from embtune_api.names import DnsLabel
from embtune_api.runtime import Runtime
from embtune_api.training import Training

NO_VALIDATION = (
    "training.evaluationSteps and training.earlyStopping look at validation rows, and data.split holds none out: set "
    "split.validation, or with method Time split.validationFrom"
)
OTHER_METRIC = f"earlyStopping.metric: {', '.join(sorted(OF_PAIRS))} are of scored pairs, the others of all other data"
FROZEN_SIDES = "documentEncoder Frozen learns how queries find documents: every source of data.train must map anchor and positive"
SIDED_KINDS = ("Retrieval", "Reranking", "Triplet")
"""Kinds of suites that encode queries as queries and documents as documents."""
FROZEN_SUITES = (
    f"documentEncoder Frozen is measured by queries that find documents: every suite must be of kind {', '.join(SIDED_KINDS)}"
)
FROZEN_VECTORS = (
    "documentEncoder Frozen keeps the vectors of documents as they are: leave out encoder.pooling, encoder.normalize, "
    "encoder.maxSeqLength and encoder.prompts.document"
)
TRAINED_UNREAD = "training.maxSeqLength is above encoder.maxSeqLength: the published model would not read what training did"
_FROZEN = "has(self.training.tune) && self.training.tune.documentEncoder == 'Frozen'"


class Recipe(Examined):
    """What a job does, whatever line it is for."""

    base_model: BaseModelRef
    data: Data
    encoder: Encoder | None = None
    """What the published model reads and gives; default: as the base model."""
    training: Training = Training()
    candidates: Annotated[list[Candidate], Field(min_length=2, max_length=8)] | None = None
    """Bases or recipes of which the best is looked for: each is trained on the same rows, one after the other, and they are
    ranked on the same validation rows. The winner alone is examined, judged and published. None: spec.baseModel is trained by
    spec.training."""
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
    @cel(f"!({_FROZEN}) || self.data.train.all(s, has(s.columns.anchor))", FROZEN_SIDES, field="training.tune")
    def _frozen_documents_are_found_by_queries(self) -> Self:
        if self._documents_stay and any(source.columns.anchor is None for source in self.data.train):
            raise ValueError(FROZEN_SIDES)
        return self

    @model_validator(mode="after")
    @cel(f"!({_FROZEN}) || self.evaluation.suites.all(s, s.kind in {list(SIDED_KINDS)})", FROZEN_SUITES, field="training.tune")
    def _frozen_documents_are_measured_by_retrieval(self) -> Self:
        if self._documents_stay and any(suite.kind not in SIDED_KINDS for suite in self.evaluation.suites):
            raise ValueError(FROZEN_SUITES)
        return self

    @model_validator(mode="after")
    @cel(
        f"!({_FROZEN}) || !has(self.encoder) || !(has(self.encoder.pooling) || has(self.encoder.normalize)"
        " || has(self.encoder.maxSeqLength) || (has(self.encoder.prompts) && has(self.encoder.prompts.document)))",
        FROZEN_VECTORS,
        field="encoder",
    )
    def _frozen_documents_keep_their_vectors(self) -> Self:
        if self._documents_stay and self.encoder is not None:
            prompts, changed = self.encoder.prompts, (self.encoder.pooling, self.encoder.normalize, self.encoder.max_seq_length)
            if any(value is not None for value in (*changed, prompts.document if prompts else None)):
                raise ValueError(FROZEN_VECTORS)
        return self

    @model_validator(mode="after")
    @cel(
        "!has(self.encoder) || !has(self.encoder.maxSeqLength) || !has(self.training.maxSeqLength)"
        " || type(self.training.maxSeqLength) == string || self.training.maxSeqLength <= self.encoder.maxSeqLength",
        TRAINED_UNREAD,
        field="training.maxSeqLength",
    )
    def _what_is_trained_is_read(self) -> Self:
        published, trained = self.encoder.max_seq_length if self.encoder else None, self.training.max_seq_length
        if published is not None and isinstance(trained, int) and trained > published:
            raise ValueError(TRAINED_UNREAD)
        return self

    @model_validator(mode="after")
    @cel(tried.CEL_NAMES, tried.ONE_NAME, field="candidates")
    def _candidates_have_names_of_their_own(self) -> Self:
        names = [candidate.name for candidate in self.candidates or []]
        if doubled := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"{tried.ONE_NAME}; {doubled} stands twice")
        return self

    @model_validator(mode="after")
    @cel(tried.CEL_RANKED, tried.UNRANKED, field="data.split")
    def _candidates_can_be_ranked(self) -> Self:
        split = self.data.split
        if self.candidates and split.method != "Given" and not split.wants_validation:
            raise ValueError(tried.UNRANKED)
        return self

    @model_validator(mode="after")
    @cel(tried.CEL_UNTAUGHT, tried.UNTAUGHT, field="candidates")
    def _candidates_have_no_teachers(self) -> Self:
        if self.candidates and not tried.are_untaught(self.candidates, self.training):
            raise ValueError(tried.UNTAUGHT)
        return self

    @model_validator(mode="after")
    @cel(tried.CEL_FITS, tried.UNFIT, field="candidates")
    def _candidates_learn_from_the_same_rows(self) -> Self:
        if not tried.fit(self.candidates or [], self.training, self.data):
            raise ValueError(tried.UNFIT)
        return self

    @model_validator(mode="after")
    @cel(tried.CEL_BATCHES, tried.TOO_SMALL, field="candidates")
    def _candidates_have_several_labels_in_a_batch(self) -> Self:
        if not tried.have_whole_batches(self.candidates or [], self.training):
            raise ValueError(tried.TOO_SMALL)
        return self

    @model_validator(mode="after")
    @cel(tried.CEL_SIZES, tried.TWO_SIZES, field="candidates")
    def _candidates_have_one_size_at_once(self) -> Self:
        if not tried.have_one_size(self.candidates or [], self.training):
            raise ValueError(tried.TWO_SIZES)
        return self

    @model_validator(mode="after")
    @cel("!has(self.runtime.candidatesSeconds) || has(self.candidates)", tried.NO_CANDIDATES, field="runtime.candidatesSeconds")
    def _a_budget_is_of_candidates(self) -> Self:
        if self.runtime.candidates_seconds is not None and self.candidates is None:
            raise ValueError(tried.NO_CANDIDATES)
        return self

    @model_validator(mode="after")
    @cel(beside.CEL_TRIED, beside.TRIED, field="data.auxiliary")
    def _auxiliary_sets_are_not_for_candidates(self) -> Self:
        if self.data.auxiliary and self.candidates:
            raise ValueError(beside.TRIED)
        return self

    @model_validator(mode="after")
    @cel(beside.CEL_FROZEN, beside.FROZEN, field="data.auxiliary")
    def _auxiliary_sets_train_one_encoder(self) -> Self:
        if self.data.auxiliary and self._documents_stay:
            raise ValueError(beside.FROZEN)
        return self

    @model_validator(mode="after")
    @cel(beside.CEL_BATCHES, beside.SMALL_BATCH, field="training.batchSize")
    def _auxiliary_batches_hold_several_labels(self) -> Self:
        if not beside.have_whole_batches(self.data.auxiliary or [], self.training.batch_size):
            raise ValueError(beside.SMALL_BATCH)
        return self

    def tried_as(self, candidate: Candidate) -> Self:
        """The job as it would be with this candidate alone."""
        own = {
            "base_model": candidate.base_model.reference if candidate.base_model else self.base_model,
            "encoder": candidate.encoder or self.encoder,
            "training": candidate.trained_as(self.training),
            "candidates": None,
        }
        return self.model_copy(update=own)

    @property
    def _documents_stay(self) -> bool:
        return self.training.tune is not None and self.training.tune.documents_stay


class FineTuneJobSpec(Recipe, LineMember):
    """One job. Immutable, but for `suspend` and `ttlSecondsAfterFinished`."""

    mutable_fields: ClassVar = frozenset({"suspend", "ttlSecondsAfterFinished"})

    model: DnsLabel
    """The line that the new version is numbered in."""
