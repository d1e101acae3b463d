"""Pages that tell what a bench found say what its JSON says."""

from pathlib import Path
from typing import Any

import pytest

from bench.pages import RECORDS
from bench.record import Bounded, Cells, MeasuredBySeed, Record


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.bench)
def test_a_page_is_what_was_measured(record: Record[Any]) -> None:
    """`make generate` writes it."""
    assert record.page.read_text(encoding="utf-8") == record.as_page()
    placeholders = ("TABLE", "MEASURED")
    assert not [line for line in record.as_page().splitlines() if line.startswith(placeholders)]


class Two(MeasuredBySeed):
    difference: Bounded

    def tables(self) -> dict[str, Cells]:
        return {"FIRST": Cells(["a"], [["1"]]), "SECOND": Cells(["b", "c"], [[str(self.difference), "3"]])}


def test_each_table_comes_to_its_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.record.BENCHES", tmp_path)
    monkeypatch.setattr("bench.record.DOCS", tmp_path)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "page.md").write_text("# Two\n\nTABLE SECOND\n\nTABLE FIRST\n\nMEASURED\n\nEnd.\n", encoding="utf-8")
    record = Record("two", "two.md", Two)
    unmeasured = "Not measured yet: `make bench-two` writes the table.\n\n"
    assert record.as_page() == f"# Two\n\n{unmeasured}{unmeasured}End.\n"
    difference = Bounded(value=0.5, lower=-0.25, upper=0.75)
    record.keep(Two(commit="abc", cpu="a chip", torch="2", seeds=[0, 1], minutes=3.0, difference=difference))
    assert record.page.read_text(encoding="utf-8") == (
        "# Two\n\n| b | c |\n| --- | --- |\n| +0.5000 (-0.2500 to +0.7500) | 3 |\n\n| a |\n| --- |\n| 1 |\n\n"
        "Measured at commit abc on a chip, seeds 0, 1, in 3 minutes.\n\nEnd.\n"
    )
