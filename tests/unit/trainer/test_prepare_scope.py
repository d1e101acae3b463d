"""Rows that say nothing, or fit nowhere: found by name and number, on the chatbot queries of hint3."""

import csv
from pathlib import Path
from typing import Any

import pytest

from embtune_api.errors import InvalidInput
from unit.trainer.prepare_world import World

FILE = Path(__file__).parents[2] / "data" / "hint3" / "curekart_v1_v2.csv"
COLUMNS = {"text": "sentence", "label": "label_v2"}
NOWHERE = "NO_NODES_DETECTED"


def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def prepared(folder: Path, **checks: Any) -> Any:
    world = World(folder)
    (folder / "queries.csv").write_bytes(FILE.read_bytes())
    return world.prepare(world.request("queries.csv", columns=COLUMNS, split={"test": 0.3}, checks=checks))


def found(report: Any, check: str) -> Any:
    return next((finding for finding in report.findings if finding.check == check), None)


def test_emoji_only_and_out_of_scope_rows_and_duplicates_are_found(tmp_path: Path) -> None:
    report = prepared(tmp_path, outOfScopeLabels=[NOWHERE]).report
    texts = [row["sentence"] for row in rows()]
    wordless = {text.strip() for text in texts if not any(character.isalnum() for character in text)}
    assert wordless, "there are some"
    assert found(report, "wordless").rows == len(wordless)
    assert {line.split(": ", 1)[1] for line in found(report, "wordless").examples} <= wordless
    said = {(" ".join(text.casefold().split()), label) for text, label in ((row["sentence"], row["label_v2"]) for row in rows())}
    nowhere = sum(label == NOWHERE for _, label in said)
    assert 0 < found(report, "out-of-scope").rows <= nowhere
    assert found(report, "duplicates").rows >= len(texts) - len(said)
    assert found(report, "out-of-scope").rows + found(report, "duplicates").rows > 500


def test_what_fits_nowhere_is_left_out_and_asks_nothing(tmp_path: Path) -> None:
    done = prepared(tmp_path, outOfScopeLabels=[NOWHERE], outOfScope="Fix", wordless="Fix")
    assert found(done.report, "out-of-scope").action == "removed"
    assert not [row for row in done.train if row.get("label") == NOWHERE]
    before = ("empty", "duplicates", "wordless", "out-of-scope")
    removed = sum(found(done.report, check).rows for check in before if found(done.report, check))
    assert done.report.rows_used == done.report.rows_read - removed


def test_out_of_scope_rows_can_refuse_a_job(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"rows have a label that says that they fit nowhere: the first are .*queries.csv:"):
        prepared(tmp_path, outOfScopeLabels=[NOWHERE], outOfScope="Fail")
