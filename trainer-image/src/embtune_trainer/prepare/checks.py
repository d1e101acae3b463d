"""Checks that look at the data alone: duplicates, conflicts, texts without words, out of scope, and whether there is enough."""

from embtune_api.checks import Checks
from embtune_api.errors import InvalidInput
from embtune_api.reports import Finding
from embtune_trainer.prepare.findings import Hit, counted, settle
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.sameness import conflicts, says_digest
from embtune_trainer.prepare.sources import ReadData
from embtune_trainer.prepare.split import SIDES, SideOf


def check_rows(data: ReadData, checks: Checks, side: SideOf) -> tuple[list[Row], list[Finding]]:
    """The rows that may be used, and what was found on the way.

    Raises:
        InvalidInput: a finding whose action is Fail, or fewer rows than `minRows`.
    """
    unusable = settle("empty", data.empty, checks.empty, "have an empty or unusable column", "data.checks.empty")
    findings = [*data.findings, *unusable]
    rows, found = _without_duplicates(data.rows, checks, side)
    findings += found
    rows, found = _without_conflicts(rows, checks)
    findings += found
    rows, found = _with_words(rows, checks)
    findings += found
    rows, found = _in_scope(rows, checks)
    findings += found
    _refuse_too_few(rows, data, checks)
    return rows, findings


def _without_duplicates(rows: list[Row], checks: Checks, side: SideOf) -> tuple[list[Row], list[Finding]]:
    first: dict[bytes, Row] = {}
    copies: dict[bytes, list[Row]] = {}
    for row in rows:
        key = says_digest(row)
        there = first.setdefault(key, row)
        if there is not row:
            copies.setdefault(key, [there]).append(row)
    # The held-out copy stays: a copy appended under another group must not take a row out of the test. Content decides
    # the rest, so that the order of the source does not.
    kept = {id(min(same, key=lambda row: (SIDES.index(side(row)), row.content, row.stratum or ""))) for same in copies.values()}
    removed = {id(row) for same in copies.values() for row in same} - kept
    hits = [Hit(row.where, row.anchor) for row in rows if id(row) in removed]
    found = settle("duplicates", hits, checks.duplicates, "repeat the texts of another row", "data.checks.duplicates")
    return ([row for row in rows if id(row) not in removed] if checks.duplicates == "Fix" else rows), found


def _without_conflicts(rows: list[Row], checks: Checks) -> tuple[list[Row], list[Finding]]:
    """Nobody can tell which of two labels or scores is right, so Fix removes every row that they are given to."""
    conflicting = conflicts(rows)
    hits = [
        Hit(row.where, f"{row.anchor} → {row.label}" if row.score is None else f"{row.anchor} | {row.positive} → {row.score:g}")
        for row in rows
        if row.question in conflicting
    ]
    scored = any(row.shape == "scored pairs" for row in rows)
    message = "give one pair of texts scores that are far apart" if scored else "give one anchor different labels"
    found = settle("conflicts", hits, checks.conflicts, message, "data.checks.conflicts")
    return ([row for row in rows if row.question not in conflicting] if checks.conflicts == "Fix" else rows), found


def _with_words(rows: list[Row], checks: Checks) -> tuple[list[Row], list[Finding]]:
    hits = [Hit(row.where, row.anchor) for row in rows if not _has_words(row)]
    found = settle("wordless", hits, checks.wordless, "have neither a letter nor a digit", "data.checks.wordless")
    return ([row for row in rows if _has_words(row)] if checks.wordless == "Fix" else rows), found


def _has_words(row: Row) -> bool:
    """On the query side: an answer may well be a sign."""
    return any(character.isalnum() for character in row.query)


def _in_scope(rows: list[Row], checks: Checks) -> tuple[list[Row], list[Finding]]:
    outside = set(checks.out_of_scope_labels)
    hits = [Hit(row.where, f"{row.anchor} → {row.label}") for row in rows if row.label in outside]
    message = "have a label that says that they fit nowhere"
    found = settle("out-of-scope", hits, checks.out_of_scope, message, "data.checks.outOfScope")
    return ([row for row in rows if row.label not in outside] if checks.out_of_scope == "Fix" else rows), found


def _refuse_too_few(rows: list[Row], data: ReadData, checks: Checks) -> None:
    if len(rows) < checks.min_rows:
        removed = data.rows_read - len(rows)
        cause = f" ({data.rows_read} read, {removed} removed by data.checks)" if removed else ""
        raise InvalidInput(
            f"data.train: {counted(len(rows))} can be used{cause}, fewer than data.checks.minRows {checks.min_rows}. "
            f"Add rows, or lower data.checks.minRows if so few are meant."
        )
