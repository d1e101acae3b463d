"""Rows that say nothing, or fit nowhere."""

from embtune_api.checks import Checks
from embtune_api.reports import Finding
from embtune_trainer.prepare.findings import Hit, settle
from embtune_trainer.prepare.rows import Row


def with_words(rows: list[Row], checks: Checks) -> tuple[list[Row], list[Finding]]:
    hits = [Hit(row.where, row.anchor) for row in rows if not _has_words(row)]
    found = settle("wordless", hits, checks.wordless, "have neither a letter nor a digit", "data.checks.wordless")
    return ([row for row in rows if _has_words(row)] if checks.wordless == "Fix" else rows), found


def _has_words(row: Row) -> bool:
    """On the query side: an answer may well be a sign."""
    return any(character.isalnum() for character in row.query)


def in_scope(rows: list[Row], checks: Checks) -> tuple[list[Row], list[Finding]]:
    outside = set(checks.out_of_scope_labels)
    hits = [Hit(row.where, f"{row.anchor} → {row.label}") for row in rows if row.label in outside]
    message = "have a label that says that they fit nowhere"
    found = settle("out-of-scope", hits, checks.out_of_scope, message, "data.checks.outOfScope")
    return ([row for row in rows if row.label not in outside] if checks.out_of_scope == "Fix" else rows), found
