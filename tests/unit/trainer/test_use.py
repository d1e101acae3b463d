"""Models used outside a job: compared, tried out, and run over a file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from sentence_transformers import SentenceTransformer

from embtune_api.errors import InvalidInput
from embtune_api.model_use import CompareRequest, EmbedProgress, EmbedRequest, RowsOf, TextsOf, TryRequest, UsedModel
from embtune_api.sources import Columns
from embtune_trainer.use import embed
from embtune_trainer.use.compare import run_compare
from embtune_trainer.use.embed import run_embed
from embtune_trainer.use.try_out import run_try
from support.jobs import write_rows
from support.rows import tldr_pairs
from support.tiny_model import make_tiny_model

ROWS = tldr_pairs(30)
TEXTS = [row["positive"] for row in ROWS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tiny models, one with prompts, and rows."""
    folder = tmp_path_factory.mktemp("use")
    words = [text for row in ROWS for text in row.values()]
    make_tiny_model(folder / "one", words)
    make_tiny_model(folder / "two", words, seed=1)
    file = folder / "two" / "model" / "config_sentence_transformers.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "prompts": {"query": "find: ", "document": "passage: "}}))
    write_rows(folder / "rows.jsonl", ROWS)
    return folder


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def model(name: str) -> UsedModel:
    return UsedModel(name=name, uri=f"{name}/model")


def embedding(
    folder: Path, out: Path, name: str = "two", side: Any = "document", column: str | None = "positive"
) -> EmbedRequest:
    texts = TextsOf(uri="rows.jsonl", column=column)
    return EmbedRequest(folder=str(folder), model=model(name), texts=texts, side=side, out=str(out))


def nobody(_: EmbedProgress) -> None:
    pass


def vectors(file: Path) -> np.ndarray[Any, Any]:
    return np.array(pq.read_table(file)["vector"].to_pylist(), dtype=np.float32)


@pytest.mark.parametrize("side", ["query", "document"])
def test_vectors_are_those_of_sentence_transformers_on_that_side(folder: Path, tmp_path: Path, scratch: Path, side: str) -> None:
    out = tmp_path / "vectors.parquet"
    answer = run_embed(embedding(folder, out, side=side), scratch, None, nobody)
    encoder = SentenceTransformer(str(folder / "two" / "model"), device="cpu")
    expected = encoder.encode_query(TEXTS) if side == "query" else encoder.encode_document(TEXTS)
    np.testing.assert_allclose(vectors(out), expected, atol=1e-5)
    table = pq.read_table(out)
    assert table["text"].to_pylist() == TEXTS
    assert table["row"].to_pylist() == list(range(1, 31))
    stamp = json.loads(table.schema.metadata[b"embtune"])
    assert stamp["digest"] == answer.digest
    assert stamp["prompt"] == ("find: " if side == "query" else "passage: ")


def test_an_interrupted_run_goes_on_where_it_stopped(
    folder: Path, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed, "PART", 8)
    whole, out = tmp_path / "whole.parquet", tmp_path / "vectors.parquet"
    run_embed(embedding(folder, whole), scratch, None, nobody)

    def stop(progress: EmbedProgress) -> None:
        if progress.done == 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_embed(embedding(folder, out), scratch, None, stop)
    assert not out.exists()
    parts = out.with_name("vectors.parquet.parts")
    (parts / "000000000016.unfinished").write_bytes(b"PAR1 half of it")  # as a kill in the middle of a write leaves it
    told: list[int] = []
    answer = run_embed(embedding(folder, out), scratch, None, lambda progress: told.append(progress.done))
    assert (answer.kept, answer.rows, told) == (16, 30, [24, 30])
    assert pq.read_table(out).equals(pq.read_table(whole))
    assert not parts.exists()
    again = run_embed(embedding(folder, out), scratch, None, nobody)
    assert again.kept == 30


def test_vectors_of_two_models_are_never_mixed(
    folder: Path, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed, "PART", 8)
    out = tmp_path / "vectors.parquet"
    with pytest.raises(KeyboardInterrupt):
        run_embed(embedding(folder, out), scratch, None, _interrupt)
    with pytest.raises(InvalidInput, match=r"of another run: its .*digest.* differ.*not overwritten"):
        run_embed(embedding(folder, out, name="one"), scratch, None, nobody)
    run_embed(embedding(folder, out), scratch, None, nobody)
    before = out.read_bytes()
    with pytest.raises(InvalidInput, match="its side and prompt differ"):
        run_embed(embedding(folder, out, side="query"), scratch, None, nobody)
    assert out.read_bytes() == before


def _interrupt(_: EmbedProgress) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("column", "says"),
    [
        pytest.param(None, "nothing says which column holds the texts; the file has anchor, group, positive", id="which?"),
        pytest.param("answer", "no column 'answer'. The file has anchor, group, positive", id="not there"),
    ],
)
def test_a_column_of_texts_is_named_or_plain(folder: Path, tmp_path: Path, scratch: Path, column: str | None, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        run_embed(embedding(folder, tmp_path / "v.parquet", column=column), scratch, None, nobody)


def test_models_are_asked_the_same_and_cost_is_told(folder: Path, scratch: Path) -> None:
    rows = RowsOf(uri="rows.jsonl", columns=Columns(anchor="anchor", positive="positive"))
    asked = run_compare(
        CompareRequest(folder=str(folder), models=[model("one"), model("one"), model("two")], rows=rows), scratch, None
    )
    assert asked.suite.name == "data"
    one, again, two = asked.models
    assert one.values == again.values
    assert one.values != two.values
    assert one.digest == again.digest != two.digest
    assert (one.dimension, one.texts, len(one.values), len(one.values[0])) == (32, 60, 30, len(asked.columns))
    assert one.size > (folder / "one" / "model" / "model.safetensors").stat().st_size
    assert one.seconds > 0


def test_a_query_finds_what_is_nearest(folder: Path, scratch: Path) -> None:
    corpus = TextsOf(uri="rows.jsonl", column="positive")
    request = TryRequest(folder=str(folder), models=[model("one"), model("two")], query=TEXTS[7], corpus=corpus, top=5)
    tried = run_try(request, scratch, None)
    assert tried.passages == len(set(TEXTS))
    assert [len(found) for found in tried.found] == [5, 5]
    assert tried.found[0][0].text == TEXTS[7]
    assert tried.found[0][0].similarity == pytest.approx(1.0, abs=1e-5)
    encoder = SentenceTransformer(str(folder / "two" / "model"), device="cpu")
    similar = encoder.similarity(encoder.encode_query([TEXTS[7]]), encoder.encode_document(list(dict.fromkeys(TEXTS))))[0]
    expected = np.sort(similar.numpy())[::-1][:5]
    np.testing.assert_allclose([hit.similarity for hit in tried.found[1]], expected, atol=1e-5)


def test_a_model_that_is_not_there_is_told(folder: Path, scratch: Path) -> None:
    request = TryRequest(
        folder=str(folder), models=[model("three")], query="x", corpus=TextsOf(uri="rows.jsonl", column="positive")
    )
    with pytest.raises(InvalidInput, match=r"model\.uri: there is no folder"):
        run_try(request, scratch, None)
