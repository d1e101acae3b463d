"""Both sides: from vectors to metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from embtune_api.evaluation import Suite
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.suites.retrieval import kept_of, nearest_passages
from embtune_trainer.evaluate.suites.vectors import Encoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.search.workload import Workload

CUTOFFS = (1, 3, 5, 10, 100)
SUITE = Suite(cutoffs=CUTOFFS)


def by_embtune(work: Workload) -> Mapping[str, float]:
    """As the step `evaluate` scores them, mean of each metric."""
    exam = LoadedExam(work.query_ids, work.query_ids, work.query_ids, work.passage_ids, work.passage_ids, work.relevance)
    kept = kept_of(SUITE, exam, *nearest_passages(Encoded(work.queries, work.passages), exam, max(CUTOFFS)))
    return {name.removeprefix("test/"): float(mean) for name, mean in zip(kept.columns, kept.values.mean(axis=0), strict=True)}


def by_sentence_transformers(work: Workload) -> Mapping[str, float]:
    """InformationRetrievalEvaluator with its own search and its own metrics; only what it encodes is supplied."""
    from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
    from sentence_transformers.util import cos_sim

    texts = {"query": work.query_ids, "document": work.passage_ids}
    vectors = {"query": torch.from_numpy(work.queries), "document": torch.from_numpy(work.passages)}

    class Supplied(InformationRetrievalEvaluator):
        def embed_inputs(self, model: Any, sentences: Any, encode_fn_name: Any = None, *_: Any, **__: Any) -> Any:  # noqa: ARG002
            start = texts[encode_fn_name].index(sentences[0])
            return vectors[encode_fn_name][start : start + len(sentences)]

    ks = list(CUTOFFS)
    evaluator = Supplied(
        queries={name: name for name in work.query_ids},
        corpus={name: name for name in work.passage_ids},
        relevant_docs={query: set(grades) for query, grades in work.relevance.items()},
        mrr_at_k=ks,
        ndcg_at_k=ks,
        accuracy_at_k=ks,
        precision_recall_at_k=ks,
        map_at_k=ks,
        score_functions={"cosine": cos_sim},
        write_csv=False,
    )
    found: Any = evaluator.compute_metrices(None)["cosine"]  # type: ignore[arg-type]
    return {f"{name.partition('@')[0]}@{k}": float(value) for name, by_k in found.items() for k, value in by_k.items()}
