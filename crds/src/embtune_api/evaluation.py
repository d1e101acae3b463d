"""What a candidate is examined on."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from embtune_api.base import Resource
from embtune_api.crd.declare import cel
from embtune_api.metrics import SuiteKind, suite_metrics
from embtune_api.names import DnsLabel
from embtune_api.slices import NAME, Slice

_ONE_NAME = "slices of one name: a column is named once, Language is language, and Length is length"


class Suite(Resource):
    """One part of the evaluation."""

    name: DnsLabel = "test"
    """First part of its metrics: `test/ndcg@10`."""
    kind: SuiteKind = "Retrieval"
    """Retrieval: rank the exam's passages for each of its queries. Of an exam of scored pairs: SemanticSimilarity (spearman and
    pearson of cosine similarity and score), or PairClassification where the scores are 0 and 1 (ap; f1 at the best threshold)."""
    cutoffs: Annotated[tuple[Annotated[int, Field(ge=1, le=1000)], ...], Field(min_length=1, max_length=8)] = (1, 3, 5, 10)
    """Retrieval: the k of accuracy@k, precision@k, recall@k, mrr@k, ndcg@k and map@k."""

    def metrics(self) -> tuple[str, ...]:
        return suite_metrics(self.name, self.kind, self.cutoffs)


class Evaluation(Resource):
    """What the candidate, the base model and the model in production are examined on."""

    suites: Annotated[list[Suite], Field(min_length=1, max_length=1)] = [Suite()]
    """Parts of the evaluation."""
    slices: Annotated[list[Slice], Field(min_length=1, max_length=8)] | None = None
    """Parts of the exam that are told of on their own: by a column of the data, by language, by length. A gate can ask for each
    of them (promotion.gates[].slice). None: the exam is told of as a whole."""

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
