"""A version leaves the store as an ordinary sentence-transformers folder, or not at all."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.command import Told, embtune
from support.jobs import MODEL, NAMESPACE
from support.rescore import possible_scores
from support.stored import StoredLine, flip_a_byte, read_json
from support.whole_runs import CopyOf, Finished


def ask(line: StoredLine, *command: object) -> Told:
    return embtune(*command, "--store", line.store, "--namespace", NAMESPACE)


def test_what_is_pulled_scores_as_it_was_evaluated(second: Finished, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    line, folder = second.line, tmp_path / "pulled"
    told = ask(line, "pull", f"{MODEL}@production", folder).ended(0)
    assert told.out.startswith(f"{MODEL} v2 is at {folder} (")
    pulled = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    texts = [query["text"] for query in line.queries]
    passages = [passage["text"] for passage in line.corpus]
    (snippet,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    shown: dict[str, Any] = {}
    exec(snippet.replace("path/to/this/folder", str(folder)), shown)
    assert shown["documents"].shape == (2, pulled.get_embedding_dimension())
    queries = pulled.encode(texts)
    assert queries.dtype == np.float32
    stored = SentenceTransformer(str(line.version(2) / "model"), device="cpu", local_files_only=True)
    np.testing.assert_allclose(queries, stored.encode(texts), atol=1e-5)

    places = {entry["id"]: place for part in (line.queries, line.corpus) for place, entry in enumerate(part)}
    qrels = [(places[qrel["query"]], places[qrel["passage"]]) for qrel in line.qrels]
    possible = possible_scores(queries, pulled.encode(passages), qrels)
    with np.load(line.results(read_json(line.version(2) / "evaluation.json")["model_digest"]) / "scores.npz") as kept:
        names, values = [str(name) for name in kept["columns"]], kept["values"]
    assert {name.removeprefix("test/") for name in names} == set(possible)
    for name, column in zip(names, values.T, strict=True):
        low, high = possible[name.removeprefix("test/")]
        assert (low - 1e-9 <= column).all(), name
        assert (column <= high + 1e-9).all(), name
        assert (high - low).mean() < 0.01, "the second opinion is a narrow one"


def using(ref: str, folder: Path) -> list[tuple[object, ...]]:
    """The commands that must not touch a damaged version."""
    name = f"{MODEL}@{ref}"
    return [("pull", name, folder / "pulled"), ("verify", name), ("promote", name)]


FILES = ["model/model.safetensors", "model/config.json", "model/README.md", "metadata.json", "evaluation.json"]


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_byte_makes_pull_verify_and_promote_refuse(
    second: Finished, copy_of: CopyOf, tmp_path: Path, name: str
) -> None:
    line = copy_of(second)
    release = line.release
    for number in (1, 2):
        flip_a_byte(line.version(number) / name, 0.9)
    for ref in ("1", "production"):
        number = 1 if ref == "1" else 2
        for command in using(ref, tmp_path):
            refused = ask(line, *command).ended(1)
            assert f"versions/{number}/{name} in the store" in refused.paragraph, command
    assert not (tmp_path / "pulled").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["store"], "nothing half-made is left beside it"
    assert line.release == release


def test_a_missing_file_and_a_changed_manifest_are_refused_too(second: Finished, copy_of: CopyOf, tmp_path: Path) -> None:
    line = copy_of(second)
    (line.version(1) / "model" / "modules.json").unlink()
    manifest = line.version(2) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"size": ', '"size": 1', 1))
    for ref, told in (("1", "model/modules.json"), ("production", f"manifest of {MODEL} v2 is not the one that was published")):
        for command in using(ref, tmp_path):
            assert told in ask(line, *command).ended(1).paragraph
    assert not (tmp_path / "pulled").exists()


def test_something_that_is_there_is_never_overwritten(second: Finished, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    refused = ask(second.line, "pull", f"{MODEL}@production", tmp_path).ended(2)
    assert "holds something else" in refused.paragraph
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
