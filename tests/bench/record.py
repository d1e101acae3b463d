"""What a bench of quality found: kept as JSON beside the bench, shown as a table, and told in a page of docs/.

Beside such a bench stands `page.md`, the page without what was measured: a line `TABLE` (`TABLE WORD` where there are several)
stands for a table, a line `MEASURED` for where and how it was measured. `result.json` joins it once the bench has run.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BENCHES = Path(__file__).parent
DOCS = BENCHES.parents[1] / "docs"


class Bounded(BaseModel):
    """A mean difference."""

    value: float
    lower: float
    upper: float
    """Of a two-sided interval of 95 %."""

    def __str__(self) -> str:
        return f"{self.value:+.4f} ({self.lower:+.4f} to {self.upper:+.4f})"


@dataclass(frozen=True)
class Cells:
    """One table."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def for_terminal(self, title: str) -> Table:
        table = Table(*self.header, title=title)
        for row in self.rows:
            table.add_row(*row)
        return table

    def for_page(self) -> str:
        lines = [self.header, ["---"] * len(self.header), *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


class Measured(BaseModel, ABC):
    """What a bench found."""

    commit: str
    cpu: str
    torch: str

    @abstractmethod
    def tables(self) -> Mapping[str, Cells]:
        """By the word that stands for each in the page; the only one by the empty word."""

    def told(self) -> str:
        """What stands for MEASURED in the page."""
        return f"Measured at commit {self.commit} on {self.cpu}."


class MeasuredBySeed(Measured, ABC):
    """What a bench found that trains with each of several seeds."""

    seeds: list[int]
    minutes: float

    @property
    def seeds_told(self) -> str:
        return f"seeds {', '.join(map(str, self.seeds))}"

    def told(self) -> str:
        return f"Measured at commit {self.commit} on {self.cpu}, {self.seeds_told}, in {self.minutes:g} minutes."


Found = TypeVar("Found", bound=Measured)


@dataclass(frozen=True)
class Record(Generic[Found]):
    """Where a bench's result stands, and where it is told."""

    bench: str
    """Its folder in tests/bench; `make bench-<bench>` runs it."""
    page_name: str
    """In docs/."""
    kind: type[Found]

    @property
    def result(self) -> Path:
        return BENCHES / self.bench / "result.json"

    @property
    def page(self) -> Path:
        return DOCS / self.page_name

    @property
    def words(self) -> str:
        """The page without what was measured."""
        return (BENCHES / self.bench / "page.md").read_text(encoding="utf-8")

    def read(self) -> Found | None:
        """None: the bench has not run yet."""
        return self.kind.model_validate_json(self.result.read_text(encoding="utf-8")) if self.result.exists() else None

    def keep(self, found: Found) -> None:
        self.result.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
        self.write_page()

    def write_page(self) -> None:
        self.page.write_text(self.as_page(), encoding="utf-8")

    def as_page(self) -> str:
        """Where nothing was measured yet, the page says so."""
        found = self.read()
        if found is None:
            unmeasured = f"Not measured yet: `make bench-{self.bench}` writes the table."
            return re.sub(r"^TABLE.*$", unmeasured, self.words, flags=re.MULTILINE).replace("\nMEASURED\n", "")
        page = self.words.replace("MEASURED\n", f"{found.told()}\n")
        for word, cells in found.tables().items():
            page = page.replace(f"TABLE {word}".rstrip() + "\n", f"{cells.for_page()}\n")
        return page
