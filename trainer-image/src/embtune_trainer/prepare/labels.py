"""The part of `prepare` that doubts labels: which rows, with which vectors, and what follows. torch is imported when it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from embtune_api.checks import CheckAction
from embtune_api.documents.prepare import ResolvedBase
from embtune_api.errors import InvalidInput
from embtune_api.reports import Finding, LabelReport, SuspectedLabel
from embtune_api.requests import PrepareRequest
from embtune_api.split import Side
from embtune_api.status import Progress
from embtune_store.protocol import Store
from embtune_trainer.prepare.divide import Divided
from embtune_trainer.prepare.findings import Hit, counted, settle, shorten
from embtune_trainer.prepare.rows import Row, by_content

if TYPE_CHECKING:
    from embtune_trainer.prepare.label_noise import Suspicion

SETTING = "data.checks.labelNoise"
PERCENT = 62
MOST_RANKED = 200
MOST_ROWS = 100_000
"""Similarities of all rows to all others are looked at: a minute at 30,000, a quarter of an hour at this."""
_EVIDENCE = 3


@dataclass(frozen=True)
class LabelCheck:
    """What is fixed before the first row is looked at, however often the rows are divided anew."""

    action: CheckAction
    request: PrepareRequest
    store: Store
    base: ResolvedBase
    report_progress: Callable[[Progress], None]

    @classmethod
    def of(
        cls, request: PrepareRequest, store: Store, base: ResolvedBase, report_progress: Callable[[Progress], None]
    ) -> LabelCheck | None:
        """None: labels are not doubted."""
        action: CheckAction = request.data.checks.label_noise if request.data else "Ignore"
        return None if action == "Ignore" else cls(action, request, store, base, report_progress)

    def look(self, divided: Divided) -> tuple[Divided, list[Finding], LabelReport | None]:
        """The sides, train and validation without suspects where they are to be removed. The exam is never looked at; rows are
        looked at in the order of their content, so that that of the source does not show.

        Raises:
            InvalidInput: a label is suspected and the action is Fail, or there are too many rows for this check.
        """
        rows = by_content([row for row in (*divided.sides["train"], *divided.sides["validation"]) if row.label is not None])
        if len({row.label for row in rows}) < 2:
            return divided, [], None
        _refuse_too_many(rows)
        suspicion = self._suspicion(rows)
        suspected = [row for number, row in enumerate(rows) if suspicion.flagged[number]]
        report = _report(rows, suspicion)
        names = _names(rows)
        hits = [
            Hit(rows[number].where, f"{rows[number].anchor} → {rows[number].label}, not {names[suspicion.others[number]]}?")
            for number in suspicion.ranked
            if suspicion.flagged[number]
        ]
        found = settle("label-noise", hits, self.action, "have a label that similar texts do not share", SETTING)
        return self._without(suspected, divided), found, report

    def _suspicion(self, rows: list[Row]) -> Suspicion:
        from embtune_trainer.embeddings import embed_texts
        from embtune_trainer.prepare.label_noise import suspect

        def report(done: int, total: int) -> None:
            self.report_progress(
                Progress(percent=PERCENT, message=f"embedding texts to look for wrong labels: {done} of {total}")
            )

        texts = [row.anchor for row in rows]
        vectors = embed_texts(self.store, self.request.line_keys, self.base.model, texts, side="either", report=report)
        return suspect(vectors, [row.label or "" for row in rows], [row.query for row in rows])

    def _without(self, suspected: list[Row], divided: Divided) -> Divided:
        if self.action != "Fix" or not suspected:
            return divided
        gone = set(map(id, suspected))
        sides: dict[Side, list[Row]] = {
            side: [row for row in rows if id(row) not in gone] for side, rows in divided.sides.items()
        }
        return replace(divided, sides=sides)


def _names(rows: list[Row]) -> list[str]:
    """As `suspect` numbers them."""
    return sorted({row.label or "" for row in rows})


def _refuse_too_many(rows: list[Row]) -> None:
    if len(rows) > MOST_ROWS:
        raise InvalidInput(
            f"{SETTING}: {counted(len(rows))} are more than the {MOST_ROWS} whose labels can be compared. Set it to Ignore, or "
            f"look at a part of the rows in a job of its own."
        )


def _report(rows: list[Row], suspicion: Suspicion) -> LabelReport:
    names = _names(rows)
    ranked = suspicion.ranked[: min(MOST_RANKED, -(-len(rows) // 10))]
    return LabelReport(
        rows=len(rows),
        suspected=int(suspicion.flagged.sum()),
        ranked=[_entry(int(number), rows, names, suspicion) for number in ranked],
    )


def _entry(number: int, rows: list[Row], names: list[str], suspicion: Suspicion) -> SuspectedLabel:
    row, other = rows[number], names[suspicion.others[number]]
    near = [rows[neighbour] for neighbour in suspicion.neighbours[number] if neighbour >= 0]
    return SuspectedLabel(
        where=row.where,
        text=shorten(row.anchor),
        label=row.label or "",
        other=other,
        margin=round(float(suspicion.margins[number]), 4),
        neighbours=[f"{shorten(found.anchor)} → {other}" for found in near if found.label == other][:_EVIDENCE],
    )
