"""What `spec.data.replay` turned out to mean, and the section of the data-report about it."""

from __future__ import annotations

from embtune_api.base import Document
from embtune_api.documents.files import StoredFile
from embtune_api.documents.publish import VersionRef


class Replayed(Document):
    """`replay.json` of a job: whose rows it replays. Create-only, so whoever looks later replays the same."""

    model: str
    """The line of that version."""
    version: VersionRef | None = None
    """None: nothing was in production."""
    rows: StoredFile | None = None
    """What it was trained on; None: nobody has kept them."""

    @property
    def name(self) -> str:
        """Of the version, as people know it."""
        return f"{self.model}@{self.version.version}" if self.version else self.model

    @property
    def why_nothing(self) -> str:
        """Why there is nothing to replay; empty: there is."""
        if self.version is None:
            return f"nothing of {self.model} is in production yet"
        return "" if self.rows else f"the rows that {self.name} was trained on were not kept"


class ReplayReport(Document):
    """How the rows that are replayed were come by."""

    source: str
    """`<model>@<version>`; the model alone while none of its versions was in production."""
    kept: int
    """Rows that this version was trained on, but for those that were made by augmentation."""
    held_out: int
    """Of these: match the exam or a validation row, and stay unseen."""
    known: int
    """Of the others: say what a new row says, or the contrary."""
    wanted: int
    """How many the ratio asks for."""
    replayed: int
    share: float
    """Of all rows to train on; rounded to 4 digits."""
