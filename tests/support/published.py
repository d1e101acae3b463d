"""Raw files as they are published, cut short: what a team has before it has read anything about embtune."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.shapes import DATA

_TEXTS_OF_BANKING77 = 1000


@dataclass(frozen=True)
class Published:
    """One file."""

    name: str
    content: Callable[[], str]
    shape: str
    """What `embtune init` should take it for."""
    metric: str
    """What its job should be judged by."""

    def write(self, folder: Path) -> Path:
        file = folder / self.name
        file.write_text(self.content(), encoding="utf-8", newline="")
        return file


def _as_it_is(path: str) -> Callable[[], str]:
    return lambda: (DATA / path).read_text(encoding="utf-8")


def _banking77() -> str:
    return "".join(_as_it_is("banking77/sample.csv")().splitlines(keepends=True)[: 1 + _TEXTS_OF_BANKING77])


def _stsb() -> str:
    """As published: no line of names, and line breaks of Windows."""
    return "".join(f"{line}\r\n" for line in _as_it_is("stsb/sample.csv")().splitlines()[1:])


PUBLISHED = {
    "banking77": Published("train.csv", _banking77, "labelled texts", "test/ndcg@10"),
    "medquad": Published("medquad_train.jsonl", _as_it_is("published/medquad_train.jsonl"), "pairs", "test/ndcg@10"),
    "stsb": Published("stsb-en-train.csv", _stsb, "scored pairs", "test/spearman"),
    "tldr": Published("tldr_en_train.jsonl", _as_it_is("published/tldr_en_train.jsonl"), "pairs", "test/ndcg@10"),
}
