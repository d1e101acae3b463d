"""What a candidate is examined on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from embtune_api.base import Resource
from embtune_api.compression import IS_THE_SAME, Compression
from embtune_api.cost import COST, CostSettings, are_timed, is_cost
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.digest import digest_of
from embtune_api.documents.cost import AskedCost
from embtune_api.metrics import SuiteKind, suite_metrics
from embtune_api.names import DnsLabel
from embtune_api.slices import NAME, Slice
from embtune_api.sources import DataSource
from embtune_api.suite_data import BeirFiles, SuiteRows
from embtune_api.suite_kinds import BEIR_KINDS, KIND_SHAPES
from embtune_api.suite_settings import ClassificationSettings, RerankingSettings

_ONE_DATA = "a suite asks rows (data), or BEIR files (beir), not both"
_OWN_GUARD = "a guard suite asks what the job does not train for: give it data or beir"
_SETTINGS = "classification goes with kind Classification, and reranking with kind Reranking, which needs it"
_NOT_READ = "compressed is not for kind Reranking: its cross-encoder reads texts, not vectors"
_ONE_WAY = "each of compressed is another"
_RESERVED = f"no suite is called {COST}: its metrics are what a model costs"
_REFERENCE = "classification.reference is for a suite with data"
_FITTING = "the kind does not fit the suite's data: " + "; ".join(
    f"{kind} asks {' or '.join(shapes)}" for kind, shapes in KIND_SHAPES.items()
)
_DISTINCT = "suites have different names: a metric is found by its suite's"
_ONE_NAME = "slices of one name: a column is named once, Language is language, and Length is length"
_FIRST = "the first suite asks the line's exam: data and beir are for those after it"


class Suite(Resource):
    """One part of the evaluation."""

    name: DnsLabel = "test"
    """First part of its metrics: `test/ndcg@10`."""
    kind: SuiteKind = "Retrieval"
    """Retrieval: rank the passages for each query. Reranking: the same, with a cross-encoder behind. SemanticSimilarity (spearman
    and pearson of cosine similarity and score), or, where the scores are 0 and 1, PairClassification (ap; f1 at the best
    threshold): of scored pairs. Triplet: the anchor is nearer to the positive than to the negative. Classification: each text
    gets the label of labelled texts like it. Bitext: each text finds its translation, both ways."""
    cutoffs: Annotated[tuple[Annotated[int, Field(ge=1, le=1000)], ...], Field(min_length=1, max_length=8)] = (1, 3, 5, 10)
    """Retrieval and Reranking: the k of accuracy@k, precision@k, recall@k, mrr@k, ndcg@k and map@k."""
    compressed: Annotated[list[Compression], Field(min_length=1, max_length=4)] | None = None
    """The same is asked again of vectors made smaller, and no text is encoded again for it: `[{dimension: 128}, {precision:
    int8}]` gives each metric as `test@128/…` and `test@int8/…`, too. Not of kind Reranking."""
    guard: bool = False
    """True: it measures what the model could do before and is not trained for here. `embtune init` allows it to lose 0.02."""
    data: SuiteRows | None = None
    """Rows that make an exam of their own. Training rows that match what it asks are handled as data.checks.leakage says. None:
    the line's exam is asked."""
    beir: BeirFiles | None = None
    """The same, as files of a retrieval test set."""
    classification: ClassificationSettings | None = None
    """Of kind Classification. Default: by Centroid."""
    reranking: RerankingSettings | None = None
    """Of kind Reranking."""

    @property
    def has_own_exam(self) -> bool:
        return self.data is not None or self.beir is not None

    @property
    def is_staged(self) -> bool:
        """`prepare` has something to fetch for it."""
        return self.has_own_exam or self.reranking is not None

    @property
    def sources(self) -> list[DataSource]:
        """Every file that it reads."""
        reference = self.classification.reference if self.classification else None
        rows = [self.data, reference.rows if reference else None]
        files = [] if self.beir is None else [self.beir.source(uri) for uri in self.beir.uris]
        return [*(one.source for one in rows if one is not None), *files]

    @property
    def inputs(self) -> dict[str, Any]:
        """What `prepare` fetches for it, and under which name: the rest may change without its being fetched again."""
        fetched = {"name", "kind", "data", "beir", "classification", "reranking"}
        return self.model_dump(mode="json", by_alias=True, include=fetched)

    @property
    def without_secrets(self) -> Self:
        """As the store remembers it."""
        return type(self).model_validate(_without(self.model_dump(), "secret_ref"))

    def metrics(self) -> tuple[str, ...]:
        """Of whole vectors."""
        return suite_metrics(self.name, self.kind, self.cutoffs)

    @property
    def ways(self) -> tuple[Compression | None, ...]:
        """Of asking: with whole vectors, and with each that are made smaller."""
        return (None, *(self.compressed or []))

    def asked_with(self, way: Compression | None) -> Self:
        """The suite under the name that metrics have which are asked so: `test@int8`."""
        return self if way is None else self.model_copy(update={"name": f"{self.name}@{way.ref}"})

    def digest(self, reranker: str | None = None, *, bf16: bool = False, way: Compression | None = None) -> str:
        """Of what is measured, whatever exam is asked. With exam and model digest it names the results.

        Args:
            reranker: digest of the cross-encoder.
            bf16: whether texts are encoded in bf16.
            way: in which it is asked.
        """
        settings = self.classification or ClassificationSettings()
        return digest_of(
            {
                "name": self.asked_with(way).name,
                "kind": self.kind,
                "cutoffs": self.cutoffs,
                "classification": settings.model_dump(exclude={"reference"}) if self.kind == "Classification" else None,
                "reranking": [reranker, self.reranking.depth] if self.reranking else None,
                **({"precision": "bf16"} if bf16 else {}),
            }
        )

    @model_validator(mode="after")
    @cel("!has(self.data) || !has(self.beir)", _ONE_DATA, field="data")
    def _one_source(self) -> Self:
        if self.data is not None and self.beir is not None:
            raise ValueError(_ONE_DATA)
        return self

    @model_validator(mode="after")
    @cel("!self.guard || has(self.data) || has(self.beir)", _OWN_GUARD, field="guard")
    def _guard_asks_something_else(self) -> Self:
        if self.guard and not self.has_own_exam:
            raise ValueError(_OWN_GUARD)
        return self

    @model_validator(mode="after")
    @cel(
        "(!has(self.classification) || self.kind == 'Classification') && has(self.reranking) == (self.kind == 'Reranking')",
        _SETTINGS,
        field="kind",
    )
    def _settings_fit_the_kind(self) -> Self:
        if (self.classification and self.kind != "Classification") or (self.reranking is None) == (self.kind == "Reranking"):
            raise ValueError(_SETTINGS)
        return self

    @model_validator(mode="after")
    @cel("!has(self.compressed) || self.kind != 'Reranking'", _NOT_READ, field="compressed")
    def _vectors_are_what_is_asked(self) -> Self:
        if self.compressed and self.kind == "Reranking":
            raise ValueError(_NOT_READ)
        return self

    @model_validator(mode="after")
    @cel(
        f"!has(self.compressed) || self.compressed.all(c, self.compressed.exists_one(o, {IS_THE_SAME}))",
        _ONE_WAY,
        field="compressed",
    )
    def _ways_differ(self) -> Self:
        refs = [way.ref for way in self.compressed or []]
        if doubled := next((ref for ref in refs if refs.count(ref) > 1), None):
            raise ValueError(f"{_ONE_WAY}; {doubled} stands twice")
        return self

    @model_validator(mode="after")
    @cel(f"self.name != '{COST}'", _RESERVED, field="name")
    def _is_no_cost(self) -> Self:
        if self.name == COST:
            raise ValueError(_RESERVED)
        return self

    @model_validator(mode="after")
    @cel("!has(self.classification) || !has(self.classification.reference) || has(self.data)", _REFERENCE, field="classification")
    def _reference_goes_with_data(self) -> Self:
        if self.classification and self.classification.reference and self.data is None:
            raise ValueError(_REFERENCE)
        return self

    @model_validator(mode="after")
    @cel(expressions.KIND_FITS, _FITTING, field="kind")
    def _kind_fits_the_data(self) -> Self:
        fits = self.data is None or self.data.columns.shape in KIND_SHAPES[self.kind]
        if not fits or (self.beir and self.kind not in BEIR_KINDS):
            raise ValueError(_FITTING)
        return self


THE_EXAM = Suite(name="test", kind="Retrieval", guard=False)
"""Spelled out: an API server puts defaults to the rules as they are written."""


class Evaluation(Resource):
    """What the candidate, the base model and the model in production are examined on."""

    suites: Annotated[list[Suite], Field(min_length=1, max_length=8)] = [THE_EXAM]
    """Parts of the evaluation. The first asks the line's exam."""
    slices: Annotated[list[Slice], Field(min_length=1, max_length=8)] | None = None
    """Parts of the line's exam that are told of on their own: by a column of the data, by language, by length. A gate can ask for
    each of them (promotion.gates[].slice). None: the exam is told of as a whole."""
    precision: Literal["Auto", "fp32", "bf16"] = "fp32"
    """Of the arithmetic by which texts are encoded. fp32: exact. bf16: several times as fast on hardware that has it; ndcg@10
    differs by at most 0.001 as a rule, and scores are kept apart from those in fp32. Auto: bf16 where the hardware has it, else
    fp32."""
    cost: CostSettings | None = None
    """How times are taken of the suite `cost`, whose metrics are cost/query-p50-ms, cost/query-p95-ms (milliseconds until one
    query is encoded), cost/documents-per-second, cost/model-mb (its files, in millions of bytes) and cost/dimension. None: they
    are measured where a gate asks for one, in the usual way."""

    def asked_cost(self, gated: Iterable[str]) -> AskedCost | None:
        """What of the cost is to be measured; None: nothing. `gated`: metrics that gates are on."""
        costs = [metric for metric in gated if is_cost(metric)]
        if self.cost is None and not costs:
            return None
        return AskedCost(times=self.cost or (CostSettings() if are_timed(costs) else None))

    @model_validator(mode="after")
    @cel(
        f"!has(self.slices) || self.slices.all(s, self.slices.exists_one(o, {NAME.format('o')} == {NAME.format('s')}))",
        _ONE_NAME,
        field="slices",
    )
    def _slices_have_names_of_their_own(self) -> Self:
        names = [one.name for one in self.slices or []]
        if doubled := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"{_ONE_NAME}; {doubled} stands twice")
        return self

    @model_validator(mode="after")
    @cel("self.suites.all(s, self.suites.exists_one(t, t.name == s.name))", _DISTINCT, field="suites")
    def _names_are_distinct(self) -> Self:
        if len({suite.name for suite in self.suites}) < len(self.suites):
            raise ValueError(_DISTINCT)
        return self

    @model_validator(mode="after")
    @cel("!has(self.suites[0].data) && !has(self.suites[0].beir)", _FIRST, field="suites")
    def _first_asks_the_exam(self) -> Self:
        if self.suites[0].has_own_exam:
            raise ValueError(_FIRST)
        return self


def _without(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, name) for key, item in value.items() if key != name}
    return value
