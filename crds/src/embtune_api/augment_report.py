"""What `prepare` tells of the rows that it made of others: a section of the data-report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from embtune_api.augment import AugmentColumn, AugmentMethod
from embtune_api.base import Document

NotMade = Literal["unchanged", "unfinished", "known", "heldOut"]
"""unchanged: the method finds nothing to change, or changes nothing that counts. unfinished: a paraphrase that is not at its end
after `maxTokens`, or of a text that is too long to be read whole. known: a row to train on has the text already. heldOut: it is
a text of the exam or of validation, or nearly."""


class AugmentedExample(Document):
    """One changed text. Texts are at most 100 characters."""

    method: AugmentMethod
    column: AugmentColumn
    before: str
    after: str


class AugmentReport(Document):
    """Rows that were made of rows to train on, and are trained on with them."""

    rows: int
    """Made, and trained on."""
    made: dict[AugmentMethod, int]
    """Of these, by method."""
    dropped: dict[NotMade, int]
    """Rows that were to be made, by the first reason why they were not."""
    synonyms: str | None = None
    """sha256 of the file."""
    paraphraser: str | None = None
    """Digest of the model's files."""
    examples: Annotated[list[AugmentedExample], Field(max_length=12)]
    """Two of each method."""
