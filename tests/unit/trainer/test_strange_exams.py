"""From vectors to a verdict where something is wrong with exam or model: honest numbers, or Inconclusive, never a zero."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from embtune_api.evaluation import Suite
from embtune_api.promotion import Gate
from embtune_operator.judge.gate import Exhibits
from embtune_operator.judge.scores import Scores
from embtune_operator.judge.verdict import make_verdict
from embtune_trainer.evaluate.exam import LoadedExam, group_index
from embtune_trainer.evaluate.suites import Kept, means
from embtune_trainer.evaluate.suites.retrieval import kept_of, nearest_passages
from embtune_trainer.evaluate.suites.vectors import Encoded

Vectors = NDArray[np.float32]
SUITE = Suite(cutoffs=(1, 10))
GATES = [
    Gate.model_validate({"metric": "test/ndcg@10", "min": 0.001}),
    Gate.model_validate({"metric": "test/ndcg@10", "minDelta": -0.5, "against": "Base"}),
]
"""Which any model passes that can be judged at all."""


def an_exam(queries: int = 80, passages: int = 80) -> LoadedExam:
    """Query n looks for passage n, if there is one."""
    asked, found = [f"q{n:03d}" for n in range(queries)], [f"p{n:03d}" for n in range(passages)]
    relevance = {query: {passage: 1} for query, passage in zip(asked, found, strict=False)}
    return LoadedExam(asked, asked, asked, found, found, relevance)


def vectors(exam: LoadedExam, seed: int = 1) -> tuple[Vectors, Vectors]:
    draw = np.random.default_rng(seed)
    passages = draw.standard_normal((len(exam.passages), 16), dtype=np.float32)
    around = np.resize(passages, (len(exam.queries), 16)) + 0.4 * draw.standard_normal((len(exam.queries), 16), dtype=np.float32)
    return around, passages


def score_vectors(queries: Vectors, passages: Vectors, exam: LoadedExam, suite: Suite) -> Kept:
    return kept_of(suite, exam, *nearest_passages(Encoded(queries, passages), exam, 10))


def scores(exam: LoadedExam, kept: Kept) -> Scores:
    return Scores(kept.columns, kept.values, group_index(exam))


def verdict(exam: LoadedExam, candidate: Kept, base: Kept) -> tuple[str, str]:
    found = make_verdict(GATES, Exhibits(scores(exam, candidate), scores(exam, base), None), dropped=0)
    return found.outcome, found.reason


def shown(kept: Kept) -> dict[str, float | None]:
    return means(SUITE, list(kept.columns), kept.values)


@pytest.mark.parametrize("nonsense", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", [0, 1], ids=["a query", "a passage"])
def test_one_vector_of_nonsense_leaves_nothing_to_say(side: int, nonsense: float) -> None:
    exam = an_exam()
    good = score_vectors(*vectors(exam), exam, SUITE)
    broken = vectors(exam)
    broken[side][7, 3] = nonsense
    candidate = score_vectors(*broken, exam, SUITE)
    assert set(shown(candidate).values()) == {None}
    outcome, reason = verdict(exam, candidate, good)
    assert outcome == "Inconclusive"
    assert "not a number for some queries" in reason


def test_a_base_of_nonsense_is_nothing_to_be_better_than() -> None:
    exam = an_exam()
    broken = score_vectors(np.full((80, 16), np.nan, dtype=np.float32), vectors(exam)[1], exam, SUITE)
    assert verdict(exam, score_vectors(*vectors(exam), exam, SUITE), broken)[0] == "Inconclusive"


def test_vectors_that_are_all_alike_score_what_chance_scores() -> None:
    exam = an_exam()
    same = np.ones((80, 16), dtype=np.float32)
    collapsed = score_vectors(same, same, exam, SUITE)
    assert shown(collapsed)["test/accuracy@10"] == pytest.approx(10 / 80)
    good = score_vectors(*vectors(exam), exam, SUITE)
    assert verdict(exam, collapsed, good)[0] == "Rejected"


def test_a_corpus_smaller_than_k_is_ranked_whole() -> None:
    exam = an_exam(passages=3)
    relevance = {query: {f"p{n % 3:03d}": 1} for n, query in enumerate(exam.query_ids)}
    exam = LoadedExam(exam.query_ids, exam.queries, exam.groups, exam.passage_ids, exam.passages, relevance)
    kept = score_vectors(*vectors(exam), exam, SUITE)
    assert shown(kept)["test/recall@10"] == 1.0
    assert shown(kept)["test/precision@10"] == pytest.approx(0.1)
    assert verdict(exam, kept, kept)[0] == "Passed"


@pytest.mark.parametrize("answered", [60, 40, 0])
def test_queries_without_a_relevant_passage_count_for_nobody(answered: int) -> None:
    """Not as zeros: the mean is that of the others, and too few of them settle nothing."""
    exam = an_exam(passages=80)
    asked = LoadedExam(
        exam.query_ids,
        exam.queries,
        exam.groups,
        exam.passage_ids,
        exam.passages,
        dict(list(exam.relevance.items())[:answered]),
    )
    kept = score_vectors(*vectors(asked), asked, SUITE)
    assert np.isnan(kept.values[answered:]).all()
    assert (kept.values[:answered] == score_vectors(*vectors(exam), exam, SUITE).values[:answered]).all()
    outcome, reason = verdict(asked, kept, kept)
    assert outcome == ("Passed" if answered == 60 else "Inconclusive")
    assert answered == 60 or f"{answered} queries are under the floor of 50" in reason


def test_one_query_has_numbers_and_settles_nothing() -> None:
    exam = an_exam(queries=1)
    kept = score_vectors(*vectors(exam), exam, SUITE)
    assert shown(kept)["test/mrr@10"] == 1.0
    outcome, reason = verdict(exam, kept, kept)
    assert outcome == "Inconclusive"
    assert "1 queries are under the floor" in reason


def test_no_query_at_all_has_no_numbers() -> None:
    exam = an_exam(queries=0)
    kept = score_vectors(np.zeros((0, 16), dtype=np.float32), vectors(an_exam())[1], exam, SUITE)
    assert set(shown(kept).values()) == {None}
    assert verdict(exam, kept, kept)[0] == "Inconclusive"


def test_an_empty_corpus_has_no_numbers() -> None:
    exam = an_exam(passages=0)
    kept = score_vectors(np.ones((80, 16), dtype=np.float32), np.zeros((0, 16), dtype=np.float32), exam, SUITE)
    assert set(shown(kept).values()) == {None}
    assert verdict(exam, kept, kept)[0] == "Inconclusive"


def test_passages_with_the_same_id_are_found_once() -> None:
    """Else a query would recall two of its one passage."""
    exam = an_exam()
    ids, texts = [*exam.passage_ids, *exam.passage_ids], [*exam.passages, *exam.passages]
    twice = LoadedExam(exam.query_ids, exam.queries, exam.groups, ids, texts, exam.relevance)
    queries, passages = vectors(exam)
    kept = score_vectors(queries, np.concatenate([passages, passages]), twice, SUITE)
    best = np.nanmax(kept.values[:, [kept.columns.index(f"test/{name}@10") for name in ("recall", "ndcg", "map")]])
    assert best <= 1.0
    assert verdict(twice, kept, kept)[0] == "Passed"
