"""Each kind of suite, from vectors to what is kept: against the definition written out, and on what is broken."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid

from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.suites import means
from embtune_trainer.evaluate.suites.bitext import translations_found
from embtune_trainer.evaluate.suites.classification import label_metrics, labels_found
from embtune_trainer.evaluate.suites.kept import Kept
from embtune_trainer.evaluate.suites.reranking import reordered
from embtune_trainer.evaluate.suites.retrieval import kept_of, mean_metrics
from embtune_trainer.evaluate.suites.triplets import which_is_nearer
from embtune_trainer.evaluate.suites.vectors import unit_or_nan

Vectors = NDArray[np.float64]


def a_suite(kind: str, **settings: Any) -> Suite:
    return Suite.model_validate({"kind": kind, **settings})


def an_exam(
    queries: int,
    passages: int,
    relevance: dict[str, dict[str, int]] | None = None,
    labels: list[str] | None = None,
    reference: list[str] | None = None,
) -> LoadedExam:
    """Queries q000, q001 …, each its own group; passages p000 …; `reference`: the labels of its texts."""
    ids, others = [f"q{n:03d}" for n in range(queries)], [f"p{n:03d}" for n in range(passages)]
    return LoadedExam(
        query_ids=ids,
        queries=ids,
        groups=ids,
        passage_ids=others,
        passages=others,
        relevance=relevance or {},
        labels=[[label] for label in labels or []],
        reference=[(f"r{n}", [label]) for n, label in enumerate(reference or [])],
    )


def drawn(rows: int, dim: int = 8, seed: int = 0) -> Vectors:
    return unit_or_nan(np.random.default_rng(seed).normal(size=(rows, dim)))


def broken(vectors: Vectors, row: int) -> Vectors:
    changed = vectors.copy()
    changed[row] = np.nan
    return changed


GRID = st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=3, max_size=3)


@st.composite
def judged(draw: st.DrawFn) -> tuple[LoadedExam, Vectors, Vectors]:
    """Queries and passages on a coarse grid, with grades from 0: similarities tie, and some vectors have no direction."""
    queries, passages = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    grades = st.dictionaries(st.sampled_from([f"p{n:03d}" for n in range(passages)]), st.integers(0, 2))
    relevance = {f"q{n:03d}": draw(grades) for n in range(queries)}
    sides = (np.array(draw(st.lists(GRID, min_size=count, max_size=count))) for count in (queries, passages))
    one, other = (unit_or_nan(side) for side in sides)
    return an_exam(queries, passages, relevance), one, other


@given(judged())
def test_a_triplet_is_right_where_the_positive_is_nearer(found: tuple[LoadedExam, Vectors, Vectors]) -> None:
    exam, anchors, passages = found
    kept = which_is_nearer(anchors, passages, exam, a_suite("Triplet"))
    for number, query in enumerate(exam.query_ids):
        told = exam.relevance[query]
        right, wrong = ([int(p[1:]) for p, grade in told.items() if (grade > 0) is good] for good in (True, False))
        near = [
            (anchors[number] * passages[p]).sum() > (anchors[number] * passages[n]).sum()
            if np.isfinite([*anchors[number], *passages[p], *passages[n]]).all()
            else np.nan
            for p in right
            for n in wrong
        ]
        expected = np.mean(near) if near else np.nan
        assert kept.values[number, 0] == pytest.approx(expected, nan_ok=True, abs=1e-9)


@given(judged())
def test_a_translation_is_found_by_who_is_nearest(found: tuple[LoadedExam, Vectors, Vectors]) -> None:
    exam, one, other = found
    kept = translations_found(one, other, exam, a_suite("Bitext"))
    whole = np.isfinite(one).all() and np.isfinite(other).all()
    for number, query in enumerate(exam.query_ids):
        right = {int(p[1:]) for p, grade in exam.relevance[query].items() if grade > 0}
        accuracy, forward, backward = kept.values[number]
        assert accuracy == pytest.approx((forward + backward) / 2, nan_ok=True)
        if not right:
            assert np.isnan([forward, backward]).all()
        elif whole:
            similarity = np.round(one @ other.T, 6)
            best = set(np.flatnonzero(similarity[number] == similarity[number].max()))
            assert forward == 1 or not best <= right
            assert forward == 0 or best & right
            assert 0 <= backward <= 1


def test_vectors_that_are_all_alike_find_no_translations() -> None:
    exam = an_exam(50, 50, {f"q{n:03d}": {f"p{n:03d}": 1} for n in range(50)})
    alike = np.ones((50, 4)) / 2
    found = mean_metrics(list(a_suite("Bitext").metrics()), translations_found(alike, alike, exam, a_suite("Bitext")).values)
    assert found == {"test/accuracy": 0.02, "test/forward": 0.02, "test/backward": 0.02}


def test_each_way_counts_on_its_own() -> None:
    """The first passage is a hub: it is nearer to the second query than that query's own, which finds its query all the same."""
    exam = an_exam(3, 3, {f"q{n:03d}": {f"p{n:03d}": 1} for n in range(3)})
    passages = unit_or_nan(np.array([[1.0, 0.9, 0.1], [-1.0, 0.5, 0.0], [0.0, 0.0, 1.0]]))
    values = translations_found(np.eye(3), passages, exam, a_suite("Bitext")).values
    assert values.tolist() == [[1.0, 1.0, 1.0], [0.5, 0.0, 1.0], [1.0, 1.0, 1.0]]


@pytest.mark.parametrize("seed", range(3))
def test_labels_are_those_of_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    names = ["bill", "card", "loan", "rate"]
    middle = generator.normal(size=(4, 6)) * 2
    reference = unit_or_nan(np.repeat(middle, 10, axis=0) + generator.normal(size=(40, 6)))
    texts = unit_or_nan(np.repeat(middle, 25, axis=0) + 1.5 * generator.normal(size=(100, 6)))
    known, asked = np.repeat(names, 10), np.repeat(names, 25)
    exam = an_exam(100, 0, labels=asked.tolist(), reference=known.tolist())
    suite = a_suite("Classification", classification={"by": "Neighbours", "neighbours": 1})
    theirs = KNeighborsClassifier(1, metric="cosine").fit(reference, known).predict(texts)
    assert label_metrics(suite, labels_found(texts, reference, exam, suite).values)["test/accuracy"] == accuracy_score(
        asked, theirs
    )
    # On unit vectors the nearest centroid by distance is the nearest by cosine once the centroids have length 1, too.
    centroids = unit_or_nan(NearestCentroid().fit(reference, known).centroids_)
    theirs = np.array(names)[(texts @ centroids.T).argmax(axis=1)]
    suite = a_suite("Classification")
    assert label_metrics(suite, labels_found(texts, reference, exam, suite).values)["test/accuracy"] == accuracy_score(
        asked, theirs
    )


def scoped(shift: float) -> tuple[LoadedExam, Vectors, Vectors]:
    """Two labels on two axes; a third of the texts lies on a third axis, and they all lean to the first by `shift`."""
    generator = np.random.default_rng(7)
    axes = np.repeat(np.eye(3), 40, axis=0) + [shift, 0, 0] + 0.1 * generator.normal(size=(120, 3))
    labels = ["a"] * 40 + ["b"] * 40 + ["none"] * 40
    return an_exam(120, 0, labels=labels, reference=["a", "b", "none"]), unit_or_nan(axes), np.eye(3)


def test_what_is_near_to_nothing_is_out_of_scope() -> None:
    exam, texts, reference = scoped(0.3)
    suite = a_suite("Classification", classification={"outOfScope": "none"})
    found = label_metrics(suite, labels_found(texts, reference, exam, suite).values)
    assert found["test/accuracy"] == pytest.approx(1.0, abs=0.03)
    closed = a_suite("Classification", classification={"outOfScope": "nothing has this label"})
    asked_too = labels_found(texts, reference, exam, closed)
    assert asked_too.values[:, 0].mean() > 0.9, "then it is a label like another"


def test_a_text_has_no_say_in_its_own_threshold() -> None:
    """Where nothing tells the two apart, a threshold that is fitted to the texts themselves would look better than chance."""
    generator = np.random.default_rng(2)
    texts, labels = drawn(400, 3, seed=3), generator.choice(["a", "none"], 400).tolist()
    exam = an_exam(400, 0, labels=labels, reference=["a"])
    suite = a_suite("Classification", classification={"outOfScope": "none"})
    accuracy = label_metrics(suite, labels_found(texts, np.eye(3)[:1], exam, suite).values)["test/accuracy"]
    assert accuracy == pytest.approx(0.5, abs=0.06)


def test_a_label_that_nothing_is_learnt_of_is_wrong_and_not_left_out() -> None:
    exam = an_exam(2, 0, labels=["a", "unheard"], reference=["a", "b"])
    suite = a_suite("Classification")
    kept = labels_found(np.eye(2), np.eye(2), exam, suite)
    assert kept.values[:, 0].tolist() == [1.0, 0.0]
    assert label_metrics(suite, kept.values)["test/macro-f1"] == pytest.approx(1 / 3)
    with pytest.raises(InvalidInput, match="no labelled texts to learn labels from"):
        labels_found(np.eye(2), np.zeros((0, 2)), an_exam(2, 0, labels=["a", "b"]), suite)


def test_a_reader_orders_the_first_and_leaves_the_rest() -> None:
    ranked = np.array([[4, 2, 0, 1, 3]])
    assert reordered(ranked, np.array([[0.1, 0.9, 0.9]], dtype=np.float32)).tolist() == [[2, 0, 4, 1, 3]]
    exam = an_exam(1, 5, {"q000": {"p000": 1}})
    suite = a_suite("Reranking", cutoffs=[1, 2], reranking={"crossEncoder": {"uri": "reader"}})
    again = kept_of(suite, exam, reordered(ranked, np.array([[0.1, 0.2, 0.9]], dtype=np.float32)), np.array([True]))
    assert mean_metrics(list(again.columns), again.values)["test/mrr@2"] == 1.0


def triplets(queries: Vectors, passages: Vectors) -> Kept:
    relevance = {f"q{n:03d}": {f"p{n:03d}": 1, f"p{(n + 1) % len(passages):03d}": 0} for n in range(len(queries))}
    return which_is_nearer(queries, passages, an_exam(len(queries), len(passages), relevance), a_suite("Triplet"))


def bitext(queries: Vectors, passages: Vectors) -> Kept:
    relevance = {f"q{n:03d}": {f"p{n:03d}": 1} for n in range(len(queries))}
    return translations_found(queries, passages, an_exam(len(queries), len(passages), relevance), a_suite("Bitext"))


def intents(queries: Vectors, passages: Vectors) -> Kept:
    labels = [f"label {n % 4}" for n in range(len(queries))]
    exam = an_exam(len(queries), 0, labels=labels, reference=labels)
    return labels_found(queries, passages, exam, a_suite("Classification"))


KINDS = {"Triplet": triplets, "Bitext": bitext, "Classification": intents}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [0, 1])
def test_a_vector_that_is_not_finite_is_told_and_never_counted_as_wrong(kind: str, side: int) -> None:
    vectors = [drawn(8), drawn(8, seed=1)]
    vectors[side] = broken(vectors[side], 3)
    kept = KINDS[kind](*vectors)
    assert np.isnan(kept.values).any()
    found = means(a_suite(kind), list(kept.columns), kept.values)
    assert found["test/accuracy"] is None
    assert set(found) == set(a_suite(kind).metrics())


@pytest.mark.parametrize("kind", KINDS)
def test_one_query_is_a_number_and_none_is_none(kind: str) -> None:
    kept = KINDS[kind](drawn(1), drawn(1, seed=1))
    found = means(a_suite(kind), list(kept.columns), kept.values)
    assert found["test/accuracy"] in (0.0, 0.5, 1.0, None)
    assert (found["test/accuracy"] is None) == (kind == "Triplet"), "an anchor whose only passage is right has no triplet"
    assert set(means(a_suite(kind), list(kept.columns), kept.values[:0]).values()) == {None}


def test_a_corpus_smaller_than_k_is_reranked_as_it_is() -> None:
    exam = an_exam(1, 2, {"q000": {"p001": 1}})
    suite = a_suite("Reranking", reranking={"crossEncoder": {"uri": "reader"}, "depth": 50})
    ranked = reordered(np.array([[0, 1]]), np.array([[0.0, 1.0]], dtype=np.float32))
    found = kept_of(suite, exam, ranked, np.array([True]))
    told = mean_metrics(list(found.columns), found.values)
    assert (told["test/precision@10"], told["test/mrr@10"]) == (pytest.approx(0.1), 1.0)
