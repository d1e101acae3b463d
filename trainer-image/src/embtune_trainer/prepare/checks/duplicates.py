"""Rows that say what another row says, or contradict it."""

from embtune_api.checks import Checks
from embtune_api.reports import Finding
from embtune_trainer.prepare.findings import Hit, settle
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.sameness import conflicts, says_digest
from embtune_trainer.prepare.split import SIDES, SideOf


def without_duplicates(rows: list[Row], checks: Checks, side: SideOf) -> tuple[list[Row], list[Finding]]:
    first: dict[bytes, Row] = {}
    copies: dict[bytes, list[Row]] = {}
    for row in rows:
        key = says_digest(row)
        there = first.setdefault(key, row)
        if there is not row:
            copies.setdefault(key, [there]).append(row)
    removed = {id(row) for same in copies.values() for row in same} - {id(_one_of(same, side)) for same in copies.values()}
    hits = [Hit(row.where, row.anchor) for row in rows if id(row) in removed]
    found = settle("duplicates", hits, checks.duplicates, "repeat the texts of another row", "data.checks.duplicates")
    return ([row for row in rows if id(row) not in removed] if checks.duplicates == "Fix" else rows), found


def _one_of(same: list[Row], side: SideOf) -> Row:
    """The held-out copy stays: a copy appended under another group must not take a row out of the test. Content decides the
    rest, then the greater weight and the later time, so that the order of the source does not."""
    return min(same, key=lambda row: (SIDES.index(side(row)), row.content, row.stratum or "", -row.weight, -row.seconds))


def without_conflicts(rows: list[Row], checks: Checks) -> tuple[list[Row], list[Finding]]:
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
