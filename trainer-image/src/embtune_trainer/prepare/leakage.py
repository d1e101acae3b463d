"""Rows that would let a model see what it is judged on: the exam, or the validation rows that help to choose.

A query must stay unseen on either side of a row: whoever learnt it as an answer knows it, too. A passage need not: the
corpus is public. Of scored pairs and of labelled texts every text is a query, since any of them may be compared with any.
Each row counts in the first tier that it falls into: the same pair, the same query, a near-duplicate query, another text
of the row that is one of these, the group.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from embtune_api.checks import CheckAction
from embtune_api.reports import Finding
from embtune_trainer.prepare.exam import ExamSet
from embtune_trainer.prepare.findings import Hit, counted, settle
from embtune_trainer.prepare.near import NearDuplicates
from embtune_trainer.prepare.normalise import squash
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.telling import TOLD_EVERY, Tell, untold

SETTING = "data.checks.leakage"
_TIERS = {
    "same-pair": "hold a pair of {what}",
    "same-query": "ask a query of {what}",
    "near-duplicate": "ask nearly a query of {what}",
    "answer": "have a query of {what}, or nearly, on their other side",
    "group": "belong to a group of {what}",
}


@dataclass(frozen=True)
class Protected:
    """What must stay unseen. Texts are normalised."""

    check: str
    """Names the findings: `<check>/same-query`."""
    what: str
    queries: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    groups: frozenset[str]

    @cached_property
    def near_duplicates(self) -> NearDuplicates:
        return NearDuplicates(self.queries)

    @cached_property
    def squashed(self) -> frozenset[str]:
        return frozenset(map(squash, self.queries))

    @cached_property
    def squashed_pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset((squash(query), squash(answer)) for query, answer in self.pairs)


def protect_exam(exam: ExamSet) -> Protected:
    return Protected("leakage", "the exam", frozenset(exam.unseen), frozenset(exam.pairs), frozenset(exam.groups))


def protect_suite(name: str, exam: ExamSet) -> Protected:
    """A suite with an exam of its own. Its groups are those of its own file, and say nothing about those of the job's rows."""
    return Protected(f"suites/{name}", f"suite {name}", frozenset(exam.unseen), frozenset(exam.pairs), frozenset())


def protect_validation(rows: list[Row]) -> Protected:
    """Hash and Stratified keep groups apart already; a time or a column of the data may tear one."""
    pairs = frozenset((row.query, row.answer) for row in rows if row.answer)
    scored = (row.answer for row in rows if row.shape == "scored pairs")
    queries, groups = frozenset([*(row.query for row in rows), *scored]), frozenset(row.group for row in rows)
    return Protected("validation", "the validation rows", queries, pairs, groups)


def hold_out(rows: list[Row], protected: Protected, action: CheckAction, tell: Tell = untold) -> tuple[list[Row], list[Finding]]:
    """The rows that may be trained on, and what was found.

    Raises:
        InvalidInput: when the action is Fail and a row matches.
    """
    if action == "Ignore":
        return rows, []
    hits: dict[str, list[Hit]] = defaultdict(list)
    clean = []
    for start in range(0, len(rows), TOLD_EVERY):
        part = rows[start : start + TOLD_EVERY]
        near = protected.near_duplicates.find({text for row in part for text in (row.query, *row.other_texts)})
        for row in part:
            match = _match(row, protected, near)
            if match is None:
                clean.append(row)
            else:
                tier, says = match
                hits[tier].append(Hit(row.where, says))
        done = start + len(part)
        tell(done / len(rows), f"comparing with {protected.what}: {done} of {counted(len(rows))}")
    findings = []
    for tier, message in _TIERS.items():
        findings += settle(f"{protected.check}/{tier}", hits[tier], action, message.format(what=protected.what), SETTING)
    return (clean if action == "Fix" else rows), findings


def shared_documents(rows: list[Row], exam: ExamSet, action: CheckAction) -> list[Finding]:
    """Answers that are also passages of the exam are no leak (a corpus is public to both sides), but worth knowing."""
    hits = [Hit(row.where, row.positive) for row in rows if row.answer in exam.passages]
    report: CheckAction = "Ignore" if action == "Ignore" else "Warn"
    return settle("leakage/shared-document", hits, report, "are answered by a passage of the exam's corpus", SETTING)


def _match(row: Row, protected: Protected, near: dict[str, str]) -> tuple[str, str] | None:
    """(tier, what the row says), or None when nothing matches. `near`: the protected query that a text is nearly."""
    others = row.other_texts
    query, answer = squash(row.query), squash(others[0] if row.positive else "")
    # A pair turned round is the same pair: of two paraphrases either may be the anchor.
    if (query, answer) in protected.squashed_pairs or (answer, query) in protected.squashed_pairs:
        return "same-pair", row.anchor
    if query in protected.squashed:
        return "same-query", row.anchor
    if row.query in near:
        return "near-duplicate", f"{row.anchor} ≈ {near[row.query]}"
    for text, other in zip(row.texts[1:], others, strict=True):
        if squash(other) in protected.squashed:
            return "answer", text
        if other in near:
            return "answer", f"{text} ≈ {near[other]}"
    if row.group in protected.groups:
        return "group", f"{row.anchor} (group {row.group})"
    return None
