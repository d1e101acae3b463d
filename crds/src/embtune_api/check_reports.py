"""What `prepare` tells of the data by its checks: sections of the data-report."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from embtune_api.base import Document

UNDETERMINED = "und"
"""BCP 47: the language of a text that is too short to tell, or is no language."""


class LanguageReport(Document):
    """Which languages the texts are in."""

    texts: int
    """Of all usable rows."""
    shares: Annotated[dict[str, float], Field(max_length=20)]
    """ISO 639 code → share of the texts, rounded to 4 digits; the largest first, `und` for what cannot be told."""


class ClassSizes(Document):
    """How rows to train on are spread over labels (or categories), before anything is made of them."""

    classes: int
    largest: int
    """rows"""
    smallest: int
    effective: float
    """So many classes of one size would be as uneven: e to the power of the entropy. Rounded to 2 digits."""


class TornWord(Document):
    """A word that the tokenizer takes apart."""

    word: str
    """At most 100 characters."""
    pieces: list[str]
    """8 at most."""
    times: int
    """How often it occurs in the texts that were looked at."""


class TokenReport(Document):
    """What the base model's tokenizer makes of the texts to train on, prompts and special tokens included."""

    rows: int
    """Looked at: all of them, or a sample by hash."""
    p50: int
    """Tokens of a text."""
    p95: int
    longest: int
    training_limit: int | None
    """Tokens a text in training; None: there is no limit. Where the job leaves it to Auto: by the texts that were looked at."""
    published_limit: int | None
    """Tokens a text of the base model, and of the published one."""
    over_training: float
    """Share of the rows with a longer text, rounded to 4 digits."""
    over_published: float
    tokens_per_word: float | None
    """None: there are no words, or none with spaces between them. Rounded to 2 digits."""
    unknown: float
    """Share of the tokens that stand for something that the tokenizer does not know; rounded to 4 digits."""
    worst: Annotated[list[TornWord], Field(max_length=20)]
    """Words that make the most tokens more than one, over all their occurrences."""
