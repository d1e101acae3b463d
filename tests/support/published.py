"""Raw files as they are published, cut short: what a team has before it has read anything about embtune."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from support.shapes import DATA

_TEXTS_OF_BANKING77 = 1000


@dataclass(frozen=True)
class Published:
    """One file, or one and its translations."""

    name: str
    content: Callable[[], str]
    shape: str
    """What `embtune init` should take it for."""
    metric: str
    """What its job should be judged by."""
    beside: dict[str, Callable[[], str]] = field(default_factory=dict)
    """Translations, by the name of their file."""

    def write(self, folder: Path) -> Path:
        for name, content in {self.name: self.content, **self.beside}.items():
            (folder / name).write_text(content(), encoding="utf-8", newline="")
        return folder / self.name

    def options(self, folder: Path) -> list[str]:
        """Of `embtune init`."""
        return [option for name in self.beside for option in ("--beside", str(folder / name))]

    def words(self) -> list[str]:
        return re.findall(r"\w+", " ".join(content() for content in (self.content, *self.beside.values())))


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
    "tatoeba": Published(
        "tatoeba.deu-eng.deu",
        _as_it_is("published/tatoeba.deu-eng.deu"),
        "pairs",
        "test/ndcg@10",
        beside={"tatoeba.deu-eng.eng": _as_it_is("published/tatoeba.deu-eng.eng")},
    ),
}
