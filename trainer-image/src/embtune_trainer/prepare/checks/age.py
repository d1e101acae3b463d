"""Rows that are older than a limit: what people asked then, and what was answered, may be no longer so."""

from datetime import datetime, timedelta

from embtune_api.checks import Checks
from embtune_api.reports import Finding
from embtune_trainer.prepare.findings import Hit, settle
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.split import SideOf


def young_enough(rows: list[Row], checks: Checks, side: SideOf, now: datetime) -> tuple[list[Row], list[Finding]]:
    """Fix removes old rows from those to train on. Held-out ones stay: a row never moves out of a test."""
    limit = now - timedelta(days=checks.max_age_days)
    old = {id(row) for row in rows if row.time is not None and row.time < limit and side(row) == "train"}
    hits = [Hit(row.where, f"{row.anchor} (of {row.time:%Y-%m-%d})") for row in rows if id(row) in old]
    message = f"to train on are older than {checks.max_age_days} days (data.checks.maxAgeDays)"
    found = settle("age", hits, checks.age, message, "data.checks.age")
    return ([row for row in rows if id(row) not in old] if checks.age == "Fix" else rows), found
