"""Rows that an earlier version was trained on, beside the new ones: at an exact ratio, taken by chance from those that match
neither the exam nor a validation row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from embtune_api.errors import InvalidInput
from embtune_api.replay import Replay
from embtune_api.replayed import Replayed, ReplayReport
from embtune_api.reports import Finding
from embtune_store.folders import read_verified
from embtune_trainer.prepare import jsonl
from embtune_trainer.prepare.builders import Built
from embtune_trainer.prepare.builders.turns import by_chance
from embtune_trainer.prepare.leakage import hold_out, protect_exam, protect_validation
from embtune_trainer.prepare.rows import Row, make_row

if TYPE_CHECKING:
    from embtune_api.requests import PrepareRequest
    from embtune_store.protocol import Store
    from embtune_trainer.prepare.divide import Divided

_TOGETHER = {"pairs", "triplets"}


@dataclass(frozen=True)
class ReplayJob:
    """What is fixed before the new rows are divided, however often they are."""

    wanted: Replay
    replayed: Replayed
    rows: list[Row]
    """All that the version was trained on; none where there is nothing to replay."""

    @classmethod
    def of(cls, request: PrepareRequest, store: Store) -> ReplayJob | None:
        """None: nothing is to be replayed.

        Raises:
            Tampered: the rows are gone, or are not those that were kept.
        """
        wanted = request.data.replay if request.data else None
        if wanted is None:
            return None
        replayed = request.replayed or Replayed(model=request.model)
        kept = read_verified(store, replayed.rows) if replayed.rows else b""
        return cls(wanted, replayed, list(_rows(kept, replayed.name)))

    def refuse_misfits(self, built: Built) -> None:
        """
        Raises:
            InvalidInput: rows of these two shapes are not trained on together, or labels stand in one of them alone.
        """
        if not self.rows:
            return
        here, there = built.shape, Built(self.rows, []).shape
        if here != there and not {here, there} <= _TOGETHER:
            raise InvalidInput(
                f"data.replay: {self.replayed.name} was trained on {there}, and the rows of this job are {here}: no loss learns "
                f"from both. Replay a version that was trained on {here}, or leave data.replay out."
            )
        labelled, were = built.train[0].label is not None, self.rows[0].label is not None
        if labelled != were:
            raise InvalidInput(
                f"data.replay: the rows that {self.replayed.name} was trained on have {'labels' if were else 'no labels'}, and "
                f"those of this job have {'labels' if labelled else 'none'}. Map columns.label for both or for neither, or leave "
                f"data.replay out."
            )

    def mix(self, built: Built, divided: Divided) -> Built:
        """The same rows and the replayed ones. What matches the exam or a validation row stays out, whatever data.checks.leakage
        says: it is not this job's data that would have to be corrected."""
        unseen, _ = hold_out(self.rows, protect_exam(divided.exam), "Fix")
        unseen, _ = hold_out(unseen, protect_validation(divided.sides["validation"]), "Fix")
        others = list(_not_among(unseen, built.train))
        new, ratio = len(built.train), self.wanted.ratio
        wanted = round(new * ratio / (1 - ratio))
        taken = by_chance(others, lambda row: row.content, self.wanted.seed, "replay")[:wanted]
        report = ReplayReport(
            source=self.replayed.name,
            kept=len(self.rows),
            held_out=len(self.rows) - len(unseen),
            known=len(unseen) - len(others),
            wanted=wanted,
            replayed=len(taken),
            share=round(len(taken) / (new + len(taken)), 4),
        )
        findings = [*built.findings, *self._findings(report)]
        return replace(built, train=[*built.train, *taken], findings=findings, replay=report)

    def _findings(self, report: ReplayReport) -> list[Finding]:
        if why := self.replayed.why_nothing:
            return [Finding(check="replay/nothing", rows=0, action="kept", message=f"are replayed (data.replay): {why}")]
        if report.replayed == report.wanted:
            return []
        message = (
            f"are missing of the {report.wanted} that data.replay.ratio {self.wanted.ratio:g} asks for: {report.source} was "
            f"trained on {report.kept}, of which {report.held_out} match the exam or validation rows, and {report.known} say "
            f"what new rows say, or the contrary"
        )
        return [Finding(check="replay/too-few", rows=report.wanted - report.replayed, action="kept", message=message)]


def _rows(kept: bytes, name: str) -> Iterator[Row]:
    """As they were trained on: pairs with negatives are triplets, whoever gave them the negatives."""
    for number, record in enumerate(jsonl.from_bytes(kept), start=1):
        yield _row(record, name, number)


def _row(record: dict[str, Any], name: str, number: int) -> Row:
    group, language = record["group"], record.get("language")
    if "text" in record:
        return make_row(record["text"], "", record["label"], group, name, number, shape="labelled texts", language=language)
    if "score" in record:
        first, second, score = record["sentence1"], record["sentence2"], float(record["score"])
        return make_row(first, second, None, group, name, number, shape="scored pairs", score=score, language=language)
    negatives = tuple(record.get("negatives", ()))
    return make_row(
        record["anchor"],
        record["positive"],
        record.get("label"),
        group,
        name,
        number,
        shape="triplets" if negatives else "pairs",
        negatives=negatives,
        language=language,
    )


def _not_among(rows: Iterable[Row], new: list[Row]) -> Iterator[Row]:
    """Those that say nothing that a new row says already, and not the contrary: the new rows know better."""
    said = {_subject(row) for row in new}
    answers: dict[str, set[str]] = defaultdict(set)
    wrong: dict[str, set[str]] = defaultdict(set)
    for row in new:
        answers[row.query].add(row.answer)
        wrong[row.query].update(_negatives(row))
    for row in rows:
        contrary = row.answer in wrong[row.query] or not answers[row.query].isdisjoint(_negatives(row))
        if _subject(row) not in said and not contrary:
            yield row


def _subject(row: Row) -> object:
    """What a row is about, whatever it says of it: a pair, whatever its label or score; of labelled texts, the text."""
    return row.question if row.shape in ("scored pairs", "labelled texts") else (row.query, row.answer)


def _negatives(row: Row) -> tuple[str, ...]:
    return row.other_texts[1:] if row.negatives else ()
