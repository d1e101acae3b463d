"""Vectors made smaller: scored from what was encoded once, as sentence-transformers makes them smaller."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import cos_sim, quantize_embeddings

from embtune_api.compression import Compression
from embtune_api.evaluation import Suite
from embtune_api.metrics import SuiteKind
from embtune_trainer.evaluate import encoding
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs
from embtune_trainer.evaluate.suites import ask_each_way, vectors
from embtune_trainer.evaluate.suites.retrieval import passages_found
from embtune_trainer.evaluate.suites.vectors import Encoded
from support.shapes import medquad
from support.tiny_model import make_tiny_model

DIM = 32
WHOLE, SMALL, BYTES, BOTH = (
    Compression(dimension=DIM),
    Compression(dimension=8),
    Compression(precision="int8"),
    Compression(dimension=8, precision="int8"),
)
KINDS: tuple[SuiteKind, ...] = ("Retrieval", "Triplet", "Classification", "Bitext", "SemanticSimilarity")


def an_exam(rows: dict[str, str]) -> LoadedExam:
    """Each question is asked for its answer, against the next one's; it has the label of its place."""
    ids = [f"{number:03}" for number in range(len(rows))]
    labels = [str(number % 3) for number in range(len(rows))]
    return LoadedExam(
        ids,
        list(rows),
        ids,
        ids,
        list(rows.values()),
        {one: {one: 1, other: 0} for one, other in zip(ids, [*ids[1:], ids[0]], strict=True)},
        labels=[[label] for label in labels],
        reference=[(text, [label]) for text, label in zip(rows.values(), labels, strict=True)],
    )


@pytest.fixture(scope="module")
def rows() -> dict[str, str]:
    return {row["question"]: row["answer"] for row in medquad()[:60]}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory, rows: dict[str, str]) -> SentenceTransformer:
    folder = tmp_path_factory.mktemp("compressed")
    return SentenceTransformer(str(make_tiny_model(folder, [*rows, *rows.values()])), device="cpu")


@pytest.mark.parametrize("kind", KINDS)
def test_each_text_is_encoded_once_and_whole_vectors_score_as_they_are(
    kind: SuiteKind, encoder: SentenceTransformer, rows: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    really = encoding.encode

    def encode(model: SentenceTransformer, texts: list[str], *rest: Any) -> Any:
        encoded.extend(texts)
        return really(model, texts, *rest)

    monkeypatch.setattr(vectors, "encode", encode)
    exam = an_exam(rows)
    pairs = LoadedPairs(exam.ids, list(rows.items()), exam.groups, np.linspace(0, 1, len(rows)))
    asked, suite = pairs if kind == "SemanticSimilarity" else exam, Suite(kind=kind)
    plain, whole, small, as_bytes, both = ask_each_way(encoder, asked, suite, [None, WHOLE, SMALL, BYTES, BOTH], lambda _: None)
    assert set(encoded) == {*rows, *rows.values()}
    assert len(encoded) <= 2 * len(rows)
    assert np.array_equal(plain.values, whole.values)
    assert [one.columns[0].partition("/")[0] for one in (plain, whole, small, both)] == [
        "test",
        "test@32",
        "test@8",
        "test@8-int8",
    ]
    assert plain.notes == whole.notes
    for other in (small, as_bytes, both):
        assert np.isfinite(other.values).all()
    if kind in ("Retrieval", "SemanticSimilarity"):
        assert len({kept.values.tobytes() for kept in (plain, small, as_bytes, both)}) == 4


NUMBERS = st.floats(-1, 1, width=32).filter(lambda number: number == 0 or abs(number) > 1e-6)


@st.composite
def drawn(draw: st.DrawFn) -> Encoded:
    dim = draw(st.integers(1, 5))
    row = st.lists(NUMBERS, min_size=dim, max_size=dim)
    queries, passages = (draw(st.lists(row, min_size=1, max_size=6)) for _ in range(2))
    return Encoded(np.array(queries, np.float32), np.array(passages, np.float32))


@given(drawn())
def test_all_numbers_in_fp32_are_the_plain_metric(encoded: Encoded) -> None:
    ids = [f"{number:03}" for number in range(max(len(encoded.asked), len(encoded.corpus)))]
    asked, answers = ids[: len(encoded.asked)], ids[: len(encoded.corpus)]
    exam = LoadedExam(asked, asked, asked, answers, answers, {one: {answers[0]: 1} for one in asked})
    dim = encoded.corpus.shape[1]
    plain, whole = (passages_found(encoded.compressed(way), exam, Suite()) for way in (None, Compression(dimension=dim)))
    assert np.array_equal(plain.values, whole.values)
    more = passages_found(encoded.compressed(Compression(dimension=dim + 1)), exam, Suite())
    assert np.isnan(more.values).all(), "nobody has so many"


@pytest.mark.parametrize("way", [SMALL, BYTES, BOTH], ids=lambda way: way.ref)
def test_metrics_are_those_of_vectors_that_sentence_transformers_made_smaller(
    way: Compression, encoder: SentenceTransformer, rows: dict[str, str]
) -> None:
    exam = an_exam(rows)
    (kept,) = ask_each_way(encoder, exam, Suite(), [way], lambda _: None)
    theirs = list(_by_sentence_transformers(encoder, way, list(rows), list(rows.values())))
    found = kept.values[:, kept.columns.index(f"test@{way.ref}/mrr@10")]
    for number, (scores, value) in enumerate(zip(theirs, found, strict=True)):
        own = scores[number]
        before, alike = int((scores > own + 1e-6).sum()), int((np.abs(scores - own) <= 1e-6).sum())
        ranks = range(before + 1, before + alike + 1)  # that it may have among those that are as near
        assert any(value == pytest.approx(1 / rank if rank <= 10 else 0.0) for rank in ranks)


def _by_sentence_transformers(
    encoder: SentenceTransformer, way: Compression, queries: list[str], passages: list[str]
) -> Iterator[NDArray[np.float32]]:
    """Cosines of each query to all passages."""
    sides = [
        np.asarray(encoder.encode(texts, normalize_embeddings=True, truncate_dim=way.dimension)) for texts in (queries, passages)
    ]
    if way.precision == "int8":
        sides = [
            np.asarray(quantize_embeddings(side, precision="int8", calibration_embeddings=sides[1]), np.float32) for side in sides
        ]
    yield from cos_sim(*sides).numpy()


def test_what_is_broken_stays_broken() -> None:
    generator = np.random.default_rng(0)
    asked, corpus = (generator.normal(size=(5, 4)).astype(np.float32) for _ in range(2))
    asked[1], corpus[2, 0], corpus[3] = np.nan, np.inf, 0.0
    small = Encoded(asked, corpus).compressed(BYTES)
    assert np.isfinite(small.asked).all(axis=1).tolist() == [True, False, True, True, True]
    assert np.isfinite(small.corpus).all(axis=1).tolist() == [True, True, False, True, True]
    assert not small.corpus[3].any(), "without a direction"
    assert np.abs(small.asked[0]).max() <= 128
    assert np.isnan(Encoded(asked, np.full_like(corpus, np.nan)).compressed(BYTES).asked).all(), "nothing to calibrate on"
