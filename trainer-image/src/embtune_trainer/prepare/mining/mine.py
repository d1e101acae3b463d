"""Rows to rows with negatives, and what the data-report tells of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from math import fsum
from typing import TYPE_CHECKING

from embtune_api.mine import Mine
from embtune_api.mining_report import FalseNegatives, MinedExample, MiningReport
from embtune_api.reports import Finding
from embtune_trainer.embeddings import embed_texts
from embtune_trainer.evaluate.ranking import unit
from embtune_trainer.prepare.findings import EXAMPLES, Hit, settle, shorten
from embtune_trainer.prepare.mining.choose import Shortlist, Tally, read_by, shortlist
from embtune_trainer.prepare.mining.known import KnownAnswers
from embtune_trainer.prepare.mining.search import nearest
from embtune_trainer.prepare.near import similar
from embtune_trainer.prepare.normalise import normalise, squash
from embtune_trainer.prepare.rows import Row, by_content

if TYPE_CHECKING:
    from embtune_trainer.prepare.mining.cross_encoder import PairReader
    from embtune_trainer.prepare.mining.job import MiningJob


@dataclass(frozen=True)
class Mined:
    rows: list[Row]
    report: MiningReport
    findings: list[Finding]


def mine_negatives(rows: list[Row], others: list[Row], mine: Mine, job: MiningJob, reader: PairReader | None) -> Mined:
    """Negatives for `rows`, taken from the answers of `rows` alone.

    Time grows with anchors × distinct answers, by matrix products; memory with their number alone.

    Args:
        others: rows that are not changed, but tell of answers that are right.
    """
    rows = by_content(rows)
    texts = _candidates(rows)
    tally = Tally()
    shortlists = _shortlists(rows, texts, KnownAnswers([*rows, *others], list(map(normalise, texts))), mine, job, tally)
    if reader is not None:
        score = reader.scores(lambda done, of: job.tell(0.9, f"the cross-encoder has read {done} of {of} pairs"))
        shortlists = read_by(score, shortlists, texts, mine, tally)
    found = {id(short.row): short for short in shortlists}
    report = _report(shortlists, texts, mine, job, reader, tally)
    with_negatives = [_with(row, found[id(row)], texts) for row in rows]
    return Mined(with_negatives, report, _too_few(shortlists, mine))


def _candidates(rows: list[Row]) -> list[str]:
    """The distinct answers, in an order that that of the rows does not change; of several spellings one."""
    spellings: dict[str, str] = {}
    for row in rows:
        key = squash(row.answer)
        spellings[key] = min(spellings.get(key, row.positive), row.positive)
    return sorted(spellings.values())


def _shortlists(
    rows: list[Row], texts: list[str], known: KnownAnswers, mine: Mine, job: MiningJob, tally: Tally
) -> list[Shortlist]:
    number_of = {squash(normalise(text)): number for number, text in enumerate(texts)}
    rows_of: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        rows_of[row.query].append(row)
    anchors = sorted(rows_of)
    spelled = [min(row.anchor for row in rows_of[anchor]) for anchor in anchors]
    line, model = job.request.line_keys, job.miner.model
    documents = unit(
        embed_texts(
            job.store,
            line,
            model,
            texts,
            side="document",
            encoder=job.encoder,
            report=lambda n, of: job.tell(0.4 * n / of, f"embedded {n} of {of} answers"),
        )
    )
    queries = unit(
        embed_texts(
            job.store,
            line,
            model,
            spelled,
            side="query",
            encoder=job.encoder,
            report=lambda n, of: job.tell(0.4 + 0.3 * n / of, f"embedded {n} of {of} anchors"),
        )
    )
    blocks = nearest(
        queries,
        documents,
        mine.range.max,
        lambda number: known.of(anchors[number]),
        lambda done: job.tell(0.7 + 0.2 * done / len(anchors), f"searched near {done} of {len(anchors)} anchors"),
    )
    return [
        shortlist(row, float(queries[near.query] @ documents[number_of[squash(row.answer)]]), near, texts, mine, tally)
        for near in blocks
        for row in rows_of[anchors[near.query]]
    ]


def _with(row: Row, short: Shortlist, texts: list[str]) -> Row:
    return replace(row, negatives=(*row.negatives, *(texts[number] for number in short.candidates)))


def _too_few(shortlists: list[Shortlist], mine: Mine) -> list[Finding]:
    lacking = [short for short in shortlists if len(short.candidates) < mine.per_query]
    hits = [Hit(short.row.where, f"{short.row.anchor} ({len(short.candidates)} found)") for short in lacking]
    message = f"got fewer than {mine.per_query} hard negatives: no other text within data.mine.range keeps its rules"
    return settle("mine/too-few", hits, "Warn", message, "data.mine")


def _report(
    shortlists: list[Shortlist], texts: list[str], mine: Mine, job: MiningJob, reader: PairReader | None, tally: Tally
) -> MiningReport:
    counts = Counter(len(short.candidates) for short in shortlists)
    similarities = [float(value) for short in shortlists for value in short.similarities]
    return MiningReport(
        miner=job.miner.uri,
        miner_digest=job.miner.model.digest,
        cross_encoder=None if reader is None else reader.digest,
        candidates=len(texts),
        rows_by_negatives=[counts[number] for number in range(mine.per_query + 1)],
        positive_similarity=_mean([short.positive_similarity for short in shortlists]) or 0.0,
        negative_similarity=_mean(similarities),
        dropped=dict(sorted(tally.dropped.items())),
        false_negatives=_false_negatives(shortlists, texts, reader, tally),
        examples=[_example(short, texts) for short in [s for s in shortlists if len(s.candidates)][:EXAMPLES]],
    )


def _false_negatives(shortlists: list[Shortlist], texts: list[str], reader: PairReader | None, tally: Tally) -> FalseNegatives:
    if reader is not None:
        return FalseNegatives(share=_share(tally.dropped["crossEncoder"], tally.read), of=tally.read, method="CrossEncoder")
    mined = [
        similarity > short.positive_similarity or similar(short.row.answer, normalise(texts[number]))
        for short in shortlists
        for number, similarity in zip(short.candidates, short.similarities, strict=True)
    ]
    return FalseNegatives(share=_share(sum(map(bool, mined)), len(mined)), of=len(mined), method="Lookalikes")


def _example(short: Shortlist, texts: list[str]) -> MinedExample:
    return MinedExample(
        anchor=shorten(short.row.anchor),
        positive=shorten(short.row.positive),
        positive_similarity=round(short.positive_similarity, 4),
        negative=shorten(texts[short.candidates[0]]),
        negative_similarity=round(float(short.similarities[0]), 4),
    )


def _mean(values: list[float]) -> float | None:
    return round(fsum(values) / len(values), 4) if values else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
