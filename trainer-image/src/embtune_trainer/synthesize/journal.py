"""What is done, line by line, so that a run that died goes on where it was.

`<out>.journal` has a line of the settings, then a line for each batch of items with the pairs that were made of them, each
flushed to the disk before the next batch begins. A line that was cut off is cut away, and its batch done again. The pairs at
`<out>` are made of it, whole, at the end or when the run is interrupted; a file that no run wrote there is never replaced.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from embtune_api.digest import digest_of, sha256_hex
from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_api.synthesis import Tokens
from embtune_trainer.prepare import jsonl


@dataclass(frozen=True)
class Pair:
    query: str
    passage: str
    """Digest."""
    score: float | None = None


@dataclass(frozen=True)
class Entry:
    """What was made of one item."""

    item: str
    """Digest."""
    pairs: tuple[Pair, ...]
    tokens: Tokens = field(default_factory=Tokens)


@dataclass
class Journal:
    """Locked while it is open."""

    out: Path
    _file: IO[bytes]
    entries: dict[str, Entry] = field(default_factory=dict)
    """By item."""
    _wrote: set[str] = field(default_factory=set)
    """sha256 of what runs wrote at `out`."""

    def add(self, entries: list[Entry]) -> None:
        """Keep them; they are on the disk when this returns.

        Raises:
            EmbtuneError: they could not be written.
        """
        self._append({"entries": [_record(entry) for entry in entries]})
        self.entries.update({entry.item: entry for entry in entries})

    def write_out(self, rows: list[dict[str, Any]]) -> None:
        """Replace the file at `out`, at once and whole.

        Raises:
            InvalidInput: what lies there was not written by a run.
            EmbtuneError: it could not be written.
        """
        data = jsonl.to_bytes(rows)
        self._refuse_foreign()
        self._append({"wrote": sha256_hex(data)})
        self._wrote.add(sha256_hex(data))
        aside = self.out.with_name(f".{self.out.name}.part")
        with _told(self.out):
            with aside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self.out)

    def _refuse_foreign(self) -> None:
        if self.out.exists() and sha256_hex(self.out.read_bytes()) not in self._wrote:
            raise _foreign(self.out)

    def _append(self, line: dict[str, Any]) -> None:
        with _told(self.out):
            self._file.write(jsonl.to_line(line).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())


@contextmanager
def open_journal(out: Path, settings: dict[str, Any]) -> Iterator[Journal]:
    """The journal of `out`, for this run alone.

    Raises:
        InvalidInput: another run is at work, the journal was begun with other settings, or `out` is somebody else's file.
        EmbtuneError: it cannot be written.
    """
    path = out.with_name(f"{out.name}.journal")
    if out.exists() and not path.exists():
        raise _foreign(out)
    with _told(path):
        file = path.open("a+b")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidInput(f"--out {out}: another run is writing it. Wait for that, or name another file.") from None
        file.seek(0)
        lines, whole = _whole_lines(file.read())
        with _told(path):
            file.truncate(whole)
        journal = Journal(out, file)
        if lines:
            _refuse_other(path, lines[0], settings)
        for line in lines[1:]:
            journal.entries.update({entry.item: entry for entry in map(_entry, line.get("entries", []))})
            journal._wrote.update([line["wrote"]] if "wrote" in line else [])
        journal._refuse_foreign()
        if not lines:
            journal._append({"settings": settings})
        yield journal


def _whole_lines(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """The lines up to the first that is broken, and how many bytes they have."""
    lines: list[dict[str, Any]] = []
    size = 0
    for line in data.splitlines(keepends=True):
        try:
            found = json.loads(line)
        except ValueError:
            break
        if not line.endswith(b"\n") or not isinstance(found, dict):
            break
        lines.append(found)
        size += len(line)
    return lines, size


def _refuse_other(path: Path, first: dict[str, Any], settings: dict[str, Any]) -> None:
    begun = first.get("settings", {})
    if digest_of(begun) == digest_of(settings):
        return
    other = [name for name in settings if begun.get(name) != settings[name]]
    raise InvalidInput(
        f"{path}: this run was begun with another {' and another '.join(other) or 'version of embtune'}, and one file does not "
        f"mix them. Name another file with --out, or delete the journal to begin anew."
    )


def _foreign(out: Path) -> InvalidInput:
    return InvalidInput(
        f"--out {out}: the file is there already and is not what a run of this command wrote, so it stays as it is. Name another "
        f"file, or move it away."
    )


def _record(entry: Entry) -> dict[str, Any]:
    pairs = [[pair.query, pair.passage, pair.score] for pair in entry.pairs]
    return {"item": entry.item, "pairs": pairs, "tokens": [entry.tokens.read, entry.tokens.written]}


def _entry(record: dict[str, Any]) -> Entry:
    read, written = record["tokens"]
    return Entry(record["item"], tuple(Pair(*pair) for pair in record["pairs"]), Tokens(read=read, written=written))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbtuneError(
            f"{path} cannot be written: {error.strerror}. Make room or give access; the same command goes on where it was."
        ) from error
