"""The data-report: what was read, found and divided."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple, Self

from embtune_api.digest import digest_of
from embtune_api.reports import DataReport, PreparedReport, SideReport, SourceReport, SplitReport, StratumReport
from embtune_api.split import Side
from embtune_trainer.prepare.auxiliary import CleanSet
from embtune_trainer.prepare.divide import Divided
from embtune_trainer.prepare.examine import Examined
from embtune_trainer.prepare.findings import shorten, small_exam, small_validation, unasked_texts
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.sources import ReadData
from embtune_trainer.prepare.split import SIDES, Division
from embtune_trainer.prepare.stratify import group_key

MOST_STRATA = 50


class _Source(NamedTuple):
    uri: str
    language: str | None
    weight: float

    @classmethod
    def of(cls, row: Row) -> Self:
        return cls(row.source, row.language, row.weight)


def make_report(data: ReadData, examined: Examined, auxiliary: Sequence[CleanSet] = (), *, frozen_here: bool) -> DataReport:
    """What `prepare` tells of a job's data.

    Args:
        frozen_here: the line's exam is this job's.
    """
    rows, division, divided, built = examined.rows, examined.division, examined.divided, examined.built
    exam, split = divided.exam.manifest, _split_report(rows, division, divided)
    small = [*small_exam(exam, division.split), *small_validation(split.sides["validation"], division.split)]
    beside = [finding for one in auxiliary for finding in one.findings]
    unasked = unasked_texts(split.sides["test"], exam) if frozen_here else []
    return DataReport(
        rows_read=data.rows_read,
        rows_used=len(rows),
        sources=_sources(data, examined),
        split=split,
        prepared=PreparedReport(shape=built.shape, train=len(built.train), validation=len(built.validation)),
        classes=examined.classes,
        languages=examined.languages,
        tokens=examined.tokens,
        labels=examined.labels,
        mining=built.mining,
        replay=built.replay,
        balance=built.balance,
        augment=built.augment,
        auxiliary=[one.report for one in auxiliary],
        exam=exam.digest,
        exam_frozen_by_this_job=frozen_here,
        exam_queries=exam.queries,
        exam_passages=exam.passages,
        exam_groups=exam.groups,
        findings=[*examined.findings, *divided.findings, *built.findings, *small, *unasked, *beside],
    )


def _sources(data: ReadData, examined: Examined) -> list[SourceReport]:
    """In their order; sources that differ in nothing that rows remember are told as one."""
    read: Counter[_Source] = Counter()
    for source in data.sources:
        read[_Source(source.uri, source.language, source.weight)] += source.rows
    used, train = (Counter(map(_Source.of, rows)) for rows in (examined.rows, examined.built.train))
    return [
        SourceReport(
            uri=source.uri,
            language=source.language,
            weight=source.weight,
            read=rows,
            used=used[source],
            train=train[source],
        )
        for source, rows in read.items()
    ]


def _split_report(rows: list[Row], division: Division, divided: Divided) -> SplitReport:
    sides = {side: _side_report(on_it) for side, on_it in divided.sides.items()}
    if division.split.method != "Stratified":
        return SplitReport(method=division.split.method, sides=sides)
    strata = _strata(rows, division)
    return SplitReport(
        method="Stratified",
        sides=sides,
        strata=strata[:MOST_STRATA],
        strata_in_all=len(strata),
        placing=digest_of({group_key(group): side for group, side in division.placed.items()}),
    )


def _side_report(rows: list[Row]) -> SideReport:
    return SideReport(rows=len(rows), queries=len({row.question for row in rows}), groups=len({row.group for row in rows}))


def _strata(rows: list[Row], division: Division) -> list[StratumReport]:
    """Those with most rows come first."""
    counts: dict[str, Counter[Side]] = defaultdict(Counter)
    for row in rows:
        counts[row.stratum or ""][division.side(row)] += 1
    return [
        StratumReport(value=shorten(value), rows=total, shares={side: round(count[side] / total, 4) for side in SIDES})
        for value, count in sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))
        for total in [count.total()]
    ]
