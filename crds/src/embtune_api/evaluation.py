"""What a candidate is examined on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from embtune_api.base import Resource
from embtune_api.metrics import SuiteKind, suite_metrics
from embtune_api.names import DnsLabel


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
    precision: Literal["Auto", "fp32", "bf16"] = "fp32"
    """Of the arithmetic by which texts are encoded. fp32: exact. bf16: several times as fast on hardware that has it; ndcg@10
    differs by at most 0.001 as a rule, and scores are kept apart from those in fp32. Auto: bf16 where the hardware has it, else
    fp32."""
