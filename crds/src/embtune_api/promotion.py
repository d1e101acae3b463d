"""What a candidate must show to go to production."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from embtune_api.base import Resource
from embtune_api.crd.declare import cel
from embtune_api.metrics import METRIC_PATTERN
from embtune_api.slices import SliceRef

_NO_CONFIDENCE = "a bound is trusted at 0.5 or more: below, it would say that a metric is better than what was measured"
_NO_CEILING = "a gate on every slice is a floor or a difference: max goes with the whole exam, or with one slice"


class Gate(Resource):
    """One rule on the evaluation: a floor (`min`), a ceiling (`max`), or a difference (`minDelta` + `against`)."""

    metric: Annotated[str, StringConstraints(pattern=METRIC_PATTERN, max_length=128)]
    """`SUITE/METRIC@CUTOFF`, such as `test/ndcg@10`, or `SUITE/METRIC`, such as `test/spearman`; of vectors that a suite makes
    smaller `test@int8/ndcg@10`; of what the model costs `cost/query-p95-ms` (see evaluation.cost)."""
    slice: SliceRef | None = None
    """One slice of evaluation.slices, such as `lang=de`, judged as the whole exam is; or each slice of that name, `lang=*`: the
    worst one decides, on bounds that hold for all of them at once. Rejected: it is proven in some slice that the rule is
    broken. Inconclusive: some slice is under the sample floor. None: the whole exam."""
    min: Annotated[float, Field(ge=-1e9, le=1e9)] | None = None
    """The lower bound of the candidate's score must reach this."""
    max: Annotated[float, Field(ge=-1e9, le=1e9)] | None = None
    """The upper bound of the candidate's score must stay at or below this."""
    min_delta: Annotated[float, Field(ge=-1, le=1)] | None = None
    """Smallest difference that passes; negative for non-inferiority. Of cost/…, the share by which it is better: -0.1 passes what
    is at most a tenth slower, or larger."""
    against: Literal["Base", "Production"] | None = None
    """Whom minDelta compares with. Production is the base while nothing is in production."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Of the one-sided bound: 0.5 or more."""
    dry_run: bool = False
    """True: it is judged and told, and decides nothing."""

    @field_validator("confidence")
    @classmethod
    @cel("self.confidence >= 0.5", _NO_CONFIDENCE, field="confidence")
    def _is_a_confidence(cls, confidence: float) -> float:
        # A rule, not a bound: an API server cuts a bound of 0.5 to 0 before it compares it with a whole number.
        if confidence < 0.5:
            raise ValueError(_NO_CONFIDENCE)
        return confidence

    @model_validator(mode="after")
    @cel("[has(self.min), has(self.max), has(self.minDelta)].exists_one(x, x)", "set exactly one of min, max and minDelta")
    def _one_rule(self) -> Self:
        if [self.min, self.max, self.min_delta].count(None) != 2:
            raise ValueError("set exactly one of min, max and minDelta")
        return self

    @model_validator(mode="after")
    @cel("has(self.minDelta) == has(self.against)", "minDelta and against belong together: against is Base or Production")
    def _delta_is_against_something(self) -> Self:
        if (self.min_delta is None) != (self.against is None):
            raise ValueError("minDelta and against belong together: against is Base or Production")
        return self

    @property
    def of_every_slice(self) -> bool:
        return self.slice is not None and self.slice.endswith("=*")

    @model_validator(mode="after")
    @cel("!has(self.max) || !has(self.slice) || !self.slice.endsWith('=*')", _NO_CEILING)
    def _every_slice_has_a_floor(self) -> Self:
        if self.max is not None and self.of_every_slice:
            raise ValueError(_NO_CEILING)
        return self


class Promotion(Resource):
    """What it takes to go to production."""

    policy: Literal["Automatic", "Manual", "Never"] = "Automatic"
    """Automatic: a passed verdict goes to production. Without gates nothing is promoted automatically."""
    gates: Annotated[list[Gate], Field(max_length=32)] = []
    """All must pass, but for those that are dryRun."""
    on_reindex: Literal["Hold", "Promote"] = "Hold"
    """What a passed verdict does when the new version's embeddings differ in kind from those of the version in production: in
    dimension, pooling, normalisation, prompts, length or similarity. Hold: production stays until somebody promotes the version,
    since an index, or a client, made for the old ones fails. Promote: whoever serves it builds the index anew in time."""
