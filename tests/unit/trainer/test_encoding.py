"""Texts are encoded as sentence-transformers does, each once, whatever computes them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from embtune_trainer.encoder import tokenize
from embtune_trainer.evaluate.encoding import TOKENS_AT_ONCE, Side, _dealt, encode
from embtune_trainer.packed.layout import Layout
from embtune_trainer.packed.packed import Packed
from unit.trainer.tiny_encoders import a_base

TLDR = Path(__file__).parents[3] / "examples" / "tldr" / "train.jsonl"

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
    own = getattr(model, {"query": "encode_query", "document": "encode_document", "either": "encode"}[side])
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

    def counted(self: Packed, texts: list[np.ndarray], dtype: torch.dtype) -> object:
        given.append(len(texts))
        return forward(self, texts, dtype)

    monkeypatch.setattr(Packed, "__call__", counted)
    return given


def test_long_and_short_texts_fill_each_others_blocks(base: SentenceTransformer) -> None:
    rows = [json.loads(line) for line in TLDR.read_text(encoding="utf-8").splitlines()[:700]]
    lengths = np.array([len(text) for text in tokenize(base, [row["description"] for row in rows], None)])
    longest_first = np.argsort(-lengths).tolist()
    groups = _dealt(longest_first, int(lengths.sum()))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    assert len(groups) > 2
    assert all(lengths[group].sum() <= TOKENS_AT_ONCE + lengths.max() for group in groups)
    computed = sum(Layout.of(lengths[group].tolist(), rounded=False).tokens for group in groups)
    of_like_length = np.array_split(np.array(longest_first), len(groups))
    assert computed < 1.03 * lengths.sum()
    assert sum(Layout.of(lengths[group].tolist(), rounded=False).tokens for group in of_like_length) > 1.1 * lengths.sum()


@pytest.mark.parametrize(("longest_first", "tokens"), [([0], 9000), ([1, 0], 9000), ([0, 1], 0), ([], 0)])
def test_no_group_is_empty(longest_first: list[int], tokens: int) -> None:
    assert all(_dealt(longest_first, tokens))


def test_bf16_is_near(model: SentenceTransformer) -> None:
    exact, found = (encode(model, TEXTS, "query", lambda _: None, bf16) for bf16 in (False, True))
    assert 0 < np.abs(found - exact).max() < 0.02
    assert found.dtype == np.float32


def test_where_a_check_fails_the_model_encodes_itself(model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Packed, "of", lambda _: None)  # as of another kind
    found = encode(model, TEXTS, "query", lambda _: None, bf16=True)
    np.testing.assert_allclose(found, np.stack([model.encode_query(text) for text in TEXTS]), atol=1e-6)


def test_a_model_that_is_asked_for_fewer_dimensions_gives_those(
    model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "truncate_dim", 100)
    found = encode(model, TEXTS, "query", lambda _: None)
    assert found.shape == (len(TEXTS), 100)
    np.testing.assert_allclose(found, np.stack([model.encode_query(text) for text in TEXTS]), atol=1e-6)
