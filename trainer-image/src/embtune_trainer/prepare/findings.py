"""Findings of the checks, and what each action makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from embtune_api.checks import CheckAction
from embtune_api.documents.exam import Exam
from embtune_api.errors import InvalidInput
from embtune_api.reports import Action, Finding, SideReport
from embtune_api.split import Split
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES
from embtune_trainer.prepare.records import Remark
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.split import how_to_get_more

EXAMPLES = 5
_LONGEST_EXAMPLE = 100
"""characters"""

_DONE: dict[CheckAction, Action] = {"Fail": "failed", "Fix": "removed", "Warn": "kept", "Ignore": "kept"}


@dataclass(frozen=True)
class Hit:
    """One row that a check found."""

    where: str
    """`file:row`"""
    says: str


def settle(check: str, hits: list[Hit], action: CheckAction, message: str, setting: str) -> list[Finding]:
    """What the report says of `hits`: nothing when there are none or they are ignored.

    `message` completes "<n> rows …"; `setting` is the field of the job that decides the action.

    Raises:
        InvalidInput: when the action is Fail and there are hits.
    """
    if not hits or action == "Ignore":
        return []
    examples = [f"{hit.where}: {shorten(hit.says)}" for hit in hits[:EXAMPLES]]
    if action == "Fail":
        first = "the first are " if len(hits) > EXAMPLES else ""
        raise InvalidInput(
            f"{counted(len(hits))} {message}: {first}{'; '.join(examples)}. "
            f"Correct or delete them, or set {setting}: Fix to have them removed."
        )
    return [Finding(check=check, rows=len(hits), action=_DONE[action], message=message, examples=examples)]


def note(check: str, rows: int, action: CheckAction, message: str, setting: str, hits: Sequence[Hit] = ()) -> list[Finding]:
    """What the report says of the data as a whole, of which nothing is removed.

    `message` completes "<n> rows …"; `setting` is the field of the job that decides the action.

    Raises:
        InvalidInput: when the action is Fail.
    """
    if action == "Ignore":
        return []
    examples = [f"{hit.where}: {shorten(hit.says)}" for hit in hits[:EXAMPLES]]
    if action == "Fail":
        raise InvalidInput(f"{counted(rows)} {message}. Or set {setting}: Warn to go on with them.")
    return [Finding(check=check, rows=rows, action="kept", message=message, examples=examples)]


def how_read(uri: str, remarks: Sequence[Remark], rows: Sequence[Row]) -> list[Finding]:
    """Warnings for a file that had to be read in another way than its name says, with `rows`, those of it.

    Examples are texts with letters that another encoding would have made others of: a person sees whether they are right.
    """
    letters = (f"{row.where}: {shorten(text)}" for row in rows for text in row.texts if not text.isascii())
    return [
        Finding(
            check=remark.check,
            rows=len(rows),
            action="kept",
            message=f"of {uri} {remark.message}",
            examples=list(islice(letters, EXAMPLES)) if remark.check == "encoding" else [],
        )
        for remark in remarks
    ]


def small_exam(exam: Exam, split: Split) -> list[Finding]:
    """A warning when the exam is too small for any verdict: it is frozen for good, so better before the second job."""
    if exam.queries >= MIN_QUERIES and exam.groups >= MIN_GROUPS:
        return []
    message = (
        f"the exam has {exam.queries} queries in {exam.groups} groups, fewer than the {MIN_QUERIES} queries and {MIN_GROUPS} "
        f"groups that a verdict needs: every verdict on it will be Inconclusive. A line's exam is frozen by its first job; for "
        f"a larger one add rows, or {how_to_get_more('test', split)}, under a new spec.model if that job has run"
    )
    return [Finding(check="exam", rows=exam.queries, action="kept", message=message)]


def small_validation(side: SideReport, split: Split) -> list[Finding]:
    """A hint when there are validation rows, or should be, and too few to tell one setting from another."""
    if side.queries >= MIN_QUERIES and side.groups >= MIN_GROUPS:
        return []
    if not side.rows and not split.wants_validation:
        return []
    message = (
        f"validation has {side.queries} queries in {side.groups} groups: below {MIN_QUERIES} queries or {MIN_GROUPS} groups, "
        f"what is measured on it during training is mostly chance. No verdict depends on it. For more of them add rows, or "
        f"{how_to_get_more('validation', split)}"
    )
    return [Finding(check="validation", rows=side.queries, action="kept", message=message)]


def unasked_texts(held_out: SideReport, exam: Exam) -> list[Finding]:
    """Labelled texts that are held out, but of whose label the exam has enough: its size is that of its combinations."""
    unasked = held_out.queries - exam.queries - exam.passages
    if exam.shape != "labelled texts" or not unasked:
        return []
    message = "are held out and not asked: the exam has enough texts of their label"
    return [Finding(check="exam/left-out", rows=unasked, action="kept", message=message)]


def counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"


def shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_EXAMPLE else flat[: _LONGEST_EXAMPLE - 1] + "…"
