"""Training feeds a model what its published version is going to be fed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import SentenceTransformer

from embtune_trainer.train.rows import read_records, tokenize_rows
from support.tiny_model import make_tiny_model

ROWS: list[dict[str, Any]] = [
    {"anchor": "show  help", "positive": "ls --help", "negatives": ["list files"]},
    {"anchor": "list files", "positive": "ls", "negatives": ["help"]},
]
PROMPTS: dict[str, dict[str, Any]] = {
    "none": {},
    "for both sides": {"prompts": {"query": "query: ", "document": "passage: "}},
    "for queries only": {"prompts": {"query": "query: "}},
    "with the passages' own name": {"prompts": {"query": "query: ", "passage": "passage: "}},
    "for anything": {"prompts": {"any": "help: "}, "default_prompt_name": "any"},
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), ["query: passage: help: show list files ls --help"])


@pytest.mark.parametrize("prompts", PROMPTS.values(), ids=PROMPTS.keys())
def test_token_ids_are_those_of_encode_query_and_encode_document(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prompts: dict[str, Any]
) -> None:
    SentenceTransformer(str(base), device="cpu", **prompts).save_pretrained(str(tmp_path), create_model_card=False)
    model = SentenceTransformer(str(tmp_path), device="cpu")
    rows = tokenize_rows(read_records("".join(json.dumps(row) + "\n" for row in ROWS).encode()), model, None)

    def fed(encode: Callable[..., Any], text: str) -> list[int]:
        """What `encode` has the model preprocess."""
        seen: list[Any] = []
        preprocess = model.preprocess

        def watched(*args: Any, **how: Any) -> Any:
            seen.append(preprocess(*args, **how))
            return seen[-1]

        with monkeypatch.context() as patch:
            patch.setattr(model, "preprocess", watched)
            encode([text], show_progress_bar=False)
        return [int(token) for token in seen[0]["input_ids"][0]]

    for number, row in enumerate(ROWS):
        assert rows.texts[number][0].tolist() == fed(model.encode_query, row["anchor"])
        assert rows.texts[number][1].tolist() == fed(model.encode_document, row["positive"])
        assert rows.texts[number][2].tolist() == fed(model.encode_document, row["negatives"][0])
    bare = tokenize_rows(ROWS[:1], SentenceTransformer(str(base), device="cpu"), None)
    assert (bare.texts[0][0].tolist() == rows.texts[0][0].tolist()) == ("query" not in prompts.get("prompts", {}))
    scored = tokenize_rows([{"sentence1": "show help", "sentence2": "ls --help", "score": 1.0}], model, None)
    assert [text.tolist() for text in scored.texts[0]] == [fed(model.encode, text) for text in ("show help", "ls --help")]
    assert tokenize_rows([{"text": "ls", "label": "a"}], model, None).texts[0][0].tolist() == fed(model.encode, "ls")
