"""A line's exam, and what its splits remember."""

from __future__ import annotations

from embtune_api.base import Document
from embtune_api.digest import digest_of
from embtune_api.documents.files import FileEntry
from embtune_api.losses import Shape


class LineExam(Document):
    """Which exam is the line's: frozen by its first job."""

    digest: str
    job_uid: str


class Exam(Document):
    """`exam.json`: the manifest of a frozen test set."""

    digest: str
    queries: int
    """Of scored pairs: the pairs."""
    passages: int
    groups: int
    group_by: str | None
    """The column whose values the groups are; None: every query is its own group."""
    shape: Shape = "pairs"
    """Of the rows that it was made of: says which files there are, and what must not be trained on."""
    files: list[FileEntry]


class LedgerEntry(Document):
    """One entry of the ledger of a stratified split: the groups that a job's data brought along, and the side each went to.

    A group is named by the first 16 hex characters of the sha256 of its text, and stands in one entry alone. Among a million
    groups two have the same name once in 40 million ledgers.
    """

    job_uid: str
    previous: str | None
    """Digest of the entry before; None: this is the first."""
    train: list[str]
    validation: list[str]
    test: list[str]

    @property
    def digest(self) -> str:
        return digest_of(self)
