"""Texts are encoded as sentence-transformers does, each once, whatever computes them."""

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from embtune_trainer.evaluate import encoding
from embtune_trainer.evaluate.encoding import Side, encode
from embtune_trainer.packed import Chosen, Padded
from embtune_trainer.packed.packed import Packed
from unit.trainer.tiny_encoders import a_base

TEXTS = [
    "list files",
    "",
    "list files",
    "show what a very long process is doing " * 9,
    "Список",
    "a b",
    "who",
    "LIST FILES",
    "a b",
]


@pytest.fixture(scope="module")
def base() -> SentenceTransformer:
    return a_base()


@pytest.fixture
def model(base: SentenceTransformer, monkeypatch: pytest.MonkeyPatch) -> SentenceTransformer:
    monkeypatch.setattr(base, "prompts", {"query": "query: ", "passage": "passage: "})
    return base


@pytest.mark.parametrize("side", ["query", "document", "either"])
def test_vectors_are_those_of_sentence_transformers(
    model: SentenceTransformer, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = count_texts(monkeypatch)
    own = {"query": model.encode_query, "document": model.encode_document, "either": model.encode}[side]
    expected = np.stack([own(text) for text in TEXTS])
    shares: list[float] = []
    found = encode(model, TEXTS, side, shares.append)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.array_equal(found[0], found[2])
    assert shares[-1] == 1.0
    assert sum(packed[-1:]) == len(set(TEXTS))


def count_texts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts each packed forward is given."""
    given: list[int] = []
    forward = Packed.__call__

    def counted(self: Packed, texts: list[np.ndarray], bf16: bool) -> object:
        given.append(len(texts))
        return forward(self, texts, bf16)

    monkeypatch.setattr(Packed, "__call__", counted)
    return given


def test_bf16_is_near(model: SentenceTransformer) -> None:
    exact, found = (encode(model, TEXTS, "query", lambda _: None, bf16) for bf16 in (False, True))
    assert 0 < np.abs(found - exact).max() < 0.02
    assert found.dtype == np.float32


def test_where_a_check_fails_the_model_encodes_itself(model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "choose_forward", lambda *_, **__: Chosen(Padded(model), "padded", "it is another kind"))
    found = encode(model, TEXTS, "query", lambda _: None, bf16=True)
    np.testing.assert_allclose(found, np.stack([model.encode_query(text) for text in TEXTS]), atol=1e-6)


def test_a_model_that_is_asked_for_fewer_dimensions_gives_those(
    model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "truncate_dim", 100)
    found = encode(model, TEXTS, "query", lambda _: None)
    assert found.shape == (len(TEXTS), 100)
    np.testing.assert_allclose(found, np.stack([model.encode_query(text) for text in TEXTS]), atol=1e-6)
