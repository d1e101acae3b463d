"""Our metrics equal an independent trec_eval's, ties and grades included."""

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import AP, RR, P, R, Success, nDCG

from bench.search.__main__ import is_comparable
from bench.search.contestants import by_embtune, by_sentence_transformers
from bench.search.workload import workload
from embtune_api.metrics import RetrievalMetric
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.ranking import by_falling_id, rank_passages, top_columns
from embtune_trainer.evaluate.retrieval_metrics import retrieval_metric
from support.rows import tldr_pairs

K, EVERYTHING = 5, 12
THEIRS: dict[ir_measures.Measure, tuple[RetrievalMetric, int]] = {
    Success @ K: ("accuracy", K),
    P @ K: ("precision", K),
    R @ K: ("recall", K),
    RR: ("mrr", 1_000_000),  # RR@k is not trec_eval's: another provider, with another order of ties
    nDCG @ K: ("ndcg", K),
    AP @ K: ("map", K),
}


EXACT = [tuple(sign * float(place == axis) for place in range(4)) for axis in range(4) for sign in (1, -1)]
HALVES = [(0.5, 0.5, 0.5, 0.5), (0.5, -0.5, 0.5, -0.5), (-0.5, 0.5, 0.5, 0.5), (0.0, 0.0, 0.0, 0.0)]
"""Vectors of length 1, or 0, whose products are exact in any order of adding up: scores that tie do so for everybody."""


@st.composite
def runs(draw: st.DrawFn) -> tuple[LoadedExam, np.ndarray, np.ndarray]:
    """Graded or binary judgements, of some queries only, 0 among them; and vectors of which many score alike."""
    passages, queries = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    ids, top = [f"p{p:02d}" for p in range(passages)], draw(st.sampled_from([1, 3]))
    judged = st.dictionaries(st.sampled_from(ids), st.integers(0, top))
    relevance = {f"q{n}": draw(judged) for n in range(queries) if draw(st.booleans()) or n == 0}
    names = [f"q{n}" for n in range(queries)]
    vector = st.sampled_from([*EXACT, *HALVES])
    vectors = [np.array(draw(st.lists(vector, min_size=n, max_size=n)), dtype=np.float32) for n in (queries, passages)]
    return LoadedExam(names, names, names, ids, [""] * passages, relevance), vectors[0], vectors[1]


@settings(deadline=None, max_examples=60)
@given(runs())
def test_metrics_equal_ir_measures(run: tuple[LoadedExam, np.ndarray, np.ndarray]) -> None:
    exam, queries, passages = run
    ranked = rank_passages(queries, passages, exam.passage_ids, EVERYTHING)
    agrees(exam, ranked, queries @ passages.T)


def agrees(exam: LoadedExam, ranked: np.ndarray, scores: np.ndarray) -> None:
    """Whatever trec_eval scores of the same run has our number; whatever it cannot score has none of ours."""
    rows = zip(exam.query_ids, scores, strict=True)
    run = {query: {p: float(s) for p, s in zip(exam.passage_ids, row, strict=True)} for query, row in rows}
    theirs = {(r.query_id, r.measure): r.value for r in ir_measures.pytrec_eval.iter_calc(list(THEIRS), exam.relevance, run)}
    relevant = {query for query, grades in exam.relevance.items() if any(grades.values())}
    for measure, (name, k) in THEIRS.items():
        ours = dict(zip(exam.query_ids, retrieval_metric(name, k, exam.gains(ranked), exam.ideal), strict=True))
        for query, value in ours.items():
            assert np.isnan(value) == (query not in relevant), name
            if query in relevant:
                assert value == pytest.approx(theirs[query, measure], abs=1e-6), name


@pytest.mark.parametrize("grade", [pytest.param(1, id="binary"), pytest.param(3, id="graded")])
def test_metrics_equal_ir_measures_on_real_data(grade: int) -> None:
    """Commands of the example, looked for by the words of their descriptions: word counts tie, as they do in life."""
    rows = tldr_pairs(400)
    vocabulary = {word: number for number, word in enumerate(sorted({w for row in rows for w in words(row)}))}
    queries, passages = sorted({row["anchor"] for row in rows}), sorted({row["positive"] for row in rows})
    relevance: dict[str, dict[str, int]] = {query: {} for query in queries}
    for number, row in enumerate(rows):
        relevance[row["anchor"]][row["positive"]] = 1 + number % grade
        relevance[row["anchor"]].setdefault(rows[number - 1]["positive"], grade - 1)
    exam = LoadedExam(queries, queries, queries, passages, passages, relevance)
    counts = [bags(texts, vocabulary) for texts in (queries, passages)]
    scores = counts[0] @ counts[1].T
    order = by_falling_id(passages)
    ranked, first = (order[top_columns(scores[:, order], depth)] for depth in (len(passages), K))
    assert (ranked[:, :K] == first).all()
    assert (np.sort(scores, axis=1)[:, -11] == np.sort(scores, axis=1)[:, -10]).mean() > 0.5, "most queries tie at the cut"
    agrees(exam, ranked, scores)


def words(row: dict[str, str]) -> list[str]:
    return f"{row['anchor']} {row['positive']}".lower().split()


def bags(texts: list[str], vocabulary: dict[str, int]) -> np.ndarray:
    """(texts, words) float32: how often each has each."""
    counts = np.zeros((len(texts), len(vocabulary)), dtype=np.float32)
    for number, text in enumerate(texts):
        for word in text.lower().split():
            counts[number, vocabulary[word]] += 1
    return counts


def test_numbers_equal_those_of_sentence_transformers_where_nothing_ties() -> None:
    """map@k aside where more is relevant than k: it divides by min(k, R) there, trec_eval by R."""
    work = workload(60, 8_000)
    ours, theirs = by_embtune(work), by_sentence_transformers(work)
    assert 0.3 < ours["recall@3"] < 0.999
    comparable = [name for name in theirs if is_comparable(name)]
    assert len(comparable) == len(ours) - 1
    assert {name: ours[name] for name in comparable} == pytest.approx({n: theirs[n] for n in comparable}, abs=1e-6)


def test_a_passage_that_stands_in_the_corpus_twice_counts_once() -> None:
    exam = LoadedExam(["q"], ["q"], ["q"], ["a", "a", "b"], ["x", "x", "y"], {"q": {"a": 1, "missing": 1}})
    assert exam.gains(np.array([[1, 0, 2]])).tolist() == [[0.0, 1.0, 0.0]]
    assert retrieval_metric("recall", 3, exam.gains(np.array([[1, 0, 2]])), exam.ideal).tolist() == [0.5]


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
