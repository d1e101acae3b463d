"""Our metrics equal an independent trec_eval's, ties and grades included."""

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import AP, RR, P, R, Success, nDCG

from embtune_api.metrics import RetrievalMetric
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.ranking import rank_passages
from embtune_trainer.evaluate.retrieval_metrics import retrieval_metric

K, EVERYTHING = 5, 12
THEIRS: dict[ir_measures.Measure, tuple[RetrievalMetric, int]] = {
    Success @ K: ("accuracy", K),
    P @ K: ("precision", K),
    R @ K: ("recall", K),
    RR: ("mrr", EVERYTHING),  # RR@k is not trec_eval's: another provider, with another order of ties
    nDCG @ K: ("ndcg", K),
    AP @ K: ("map", K),
}


def an_exam(relevance: dict[str, dict[str, int]], passages: int) -> LoadedExam:
    queries = list(relevance)
    return LoadedExam(queries, queries, queries, [f"p{n:02d}" for n in range(passages)], [""] * passages, relevance)


@st.composite
def graded_runs(draw: st.DrawFn) -> tuple[LoadedExam, np.ndarray, np.ndarray]:
    """An exam, and vectors on a coarse grid, so that many scores tie."""
    passages, queries = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    relevance = {
        f"q{n}": draw(st.dictionaries(st.sampled_from([f"p{p:02d}" for p in range(passages)]), st.integers(1, 3), min_size=1))
        for n in range(queries)
    }
    vector = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=2, max_size=2)
    vectors = [np.array(draw(st.lists(vector, min_size=n, max_size=n)), dtype=np.float32) for n in (queries, passages)]
    return an_exam(relevance, passages), vectors[0], vectors[1]


@settings(deadline=None, max_examples=60)
@given(graded_runs())
def test_metrics_equal_ir_measures(run: tuple[LoadedExam, np.ndarray, np.ndarray]) -> None:
    exam, queries, passages = run
    ranked = rank_passages(queries, passages, exam.passage_ids, EVERYTHING)
    rows = zip(exam.query_ids, _cosines(queries, passages), strict=True)
    their_run = {query: {p: float(s) for p, s in zip(exam.passage_ids, row, strict=True)} for query, row in rows}
    for result in ir_measures.pytrec_eval.iter_calc(list(THEIRS), exam.relevance, their_run):
        name, k = THEIRS[result.measure]
        ours = retrieval_metric(name, k, exam.gains(ranked), exam.ideal)
        assert ours[exam.query_ids.index(result.query_id)] == pytest.approx(result.value, abs=1e-6), name


def _cosines(queries: np.ndarray, passages: np.ndarray) -> np.ndarray:
    tiny = np.finfo(np.float32).tiny
    unit = [v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), tiny) for v in (queries, passages)]
    return np.asarray(unit[0] @ unit[1].T)


def test_equal_scores_are_ordered_by_falling_id_even_at_the_cut() -> None:
    same = np.ones((5, 2), dtype=np.float32)
    assert rank_passages(same[:1], same, ["b", "e", "a", "d", "c"], 3).tolist() == [[1, 3, 4]]


def test_a_query_without_relevant_passages_is_not_a_zero() -> None:
    values = retrieval_metric("ndcg", 5, np.zeros((1, 5)), np.zeros((1, 0)))
    assert np.isnan(values).all()


def test_a_corpus_smaller_than_k_is_scored_on_what_there_is() -> None:
    gains, ideal = np.array([[0.0, 1.0]]), np.array([[1.0]])
    assert retrieval_metric("precision", 10, gains, ideal)[0] == pytest.approx(0.1)
    assert retrieval_metric("mrr", 10, gains, ideal)[0] == pytest.approx(0.5)
