"""From request to pairs."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embtune_api.base_model import BaseModelRef
from embtune_api.errors import EmbtuneError
from embtune_api.synthesis import (
    QueryMatcher,
    Seq2SeqWriter,
    Synthesis,
    SynthesisProgress,
    SynthesisRequest,
    SyntheticPair,
    Tokens,
)
from embtune_store import open_store
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.synthesize.corpus import Item, Texts, read_texts
from embtune_trainer.synthesize.filters import Filtered, Limits, filtered
from embtune_trainer.synthesize.journal import Entry, Journal, open_journal

if TYPE_CHECKING:
    from embtune_trainer.prepare.mining.cross_encoder import PairReader
    from embtune_trainer.synthesize.writer import Writer

SAID_EVERY = 0.5
"""seconds, at least"""
Tell = Callable[[SynthesisProgress], None]


def run_synthesis(request: SynthesisRequest, tell: Tell, mirror: Path | None) -> Synthesis:
    """Write the pairs, or as many as there are when it is interrupted: then the answer is not `finished`.

    Raises:
        InvalidInput: the corpus, a model or an address cannot be used, or another's file is in the way.
        EmbtuneError: the server stopped answering, or the disk is full; the pairs until then are written.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return _Run.of(request, tell, mirror, Outside(open_store(scratch), mirror=mirror)).run()


@dataclass(frozen=True)
class _Run:
    """What is fixed before the first query is written."""

    request: SynthesisRequest
    tell: Tell
    passages: Mapping[str, Item]
    items: list[Item]
    left_out: dict[str, int]
    writer: Writer
    reader: PairReader | None

    @classmethod
    def of(cls, request: SynthesisRequest, tell: Tell, mirror: Path | None, outside: Outside) -> _Run:
        tell(SynthesisProgress(message="reading the corpus"))
        folder = Path(request.folder)
        corpus = read_texts(request.corpus, request.header, request.text, request.id, folder, outside, "CORPUS")
        queries = _queries(request, folder, outside)
        items = (queries or corpus).some(request.most_items, request.seed)
        tell(SynthesisProgress(message="loading models", total=len(items)))
        return cls(
            request,
            tell,
            passages={passage.digest: passage for passage in corpus.items},
            items=items,
            left_out=dict(corpus.left_out + queries.left_out if queries else corpus.left_out),
            writer=_writer(request, corpus, outside),
            reader=_reader(request, mirror, outside),
        )

    def run(self) -> Synthesis:
        reader = self.reader.digest if self.reader else None
        with open_journal(Path(self.request.out), {**self.writer.settings, "cross-encoder": reader}) as journal:
            try:
                asyncio.run(self._write_all(journal))
            except KeyboardInterrupt:
                return self._finish(journal, finished=False)
            except EmbtuneError:
                self._finish(journal, finished=False)
                raise
            return self._finish(journal, finished=True)

    async def _write_all(self, journal: Journal) -> None:
        said = float("-inf")
        async for entries in self.writer.write(self.items, journal.entries.keys()):
            journal.add(await asyncio.to_thread(self._read, entries))
            if time.monotonic() - said >= SAID_EVERY:
                said = time.monotonic()
                done = self._done(journal)
                message = "matching" if isinstance(self.request.writer, QueryMatcher) else "writing queries"
                self.tell(SynthesisProgress(message=message, done=len(done), total=len(self.items), tokens=_tokens(done)))

    def _read(self, entries: list[Entry]) -> list[Entry]:
        """The same, with what the cross-encoder says of each pair."""
        if self.reader is None:
            return entries
        texts = [(pair.query, self.passages[pair.passage].text) for entry in entries for pair in entry.pairs]
        scores = iter(self.reader.scores(lambda *_: None)(texts) if texts else ())
        return [
            replace(entry, pairs=tuple(replace(pair, score=round(float(next(scores)), 6)) for pair in entry.pairs))
            for entry in entries
        ]

    def _finish(self, journal: Journal, *, finished: bool) -> Synthesis:
        done = self._done(journal)
        limits = Limits(
            min_characters=self.request.min_characters,
            min_score=self.request.min_score,
            several_answers=isinstance(self.request.writer, QueryMatcher),
        )
        found = filtered(done, self.passages, limits)
        journal.write_out(self._rows(found))
        return Synthesis(
            finished=finished,
            done=len(done),
            total=len(self.items),
            unanswered=self.writer.unanswered,
            left_out=self.left_out,
            pairs=found.pairs,
            dropped=dict(found.dropped),
            kept=len(found.kept),
            model=self.writer.name,
            tokens=_tokens(done),
        )

    def _done(self, journal: Journal) -> list[Entry]:
        """Of the items of this run, in their order: a journal may know of more."""
        return [journal.entries[item.digest] for item in self.items if item.digest in journal.entries]

    def _rows(self, found: Filtered) -> list[dict[str, Any]]:
        return [
            SyntheticPair(
                query=pair.query,
                passage=passage.text,
                score=None if pair.score is None else round(pair.score, 4),
                passage_id=passage.name,
                model=self.writer.name,
                model_digest=self.writer.digest,
                cross_encoder=self.request.cross_encoder,
                cross_encoder_digest=self.reader.digest if self.reader else None,
            ).model_dump()
            for pair, passage in found.kept
        ]


def _queries(request: SynthesisRequest, folder: Path, outside: Outside) -> Texts | None:
    wanted = request.writer
    if not isinstance(wanted, QueryMatcher):
        return None
    return read_texts(wanted.queries, wanted.header, wanted.text, None, folder, outside, "--queries")


def _writer(request: SynthesisRequest, corpus: Texts, outside: Outside) -> Writer:
    """Only what is asked for is imported: torch takes its time."""
    wanted = request.writer
    if isinstance(wanted, Seq2SeqWriter):
        from embtune_trainer.synthesize.seq2seq import Seq2Seq

        return Seq2Seq(wanted, request.per_item, request.seed, Path(request.folder), outside)
    if isinstance(wanted, QueryMatcher):
        from embtune_trainer.synthesize.match import Matcher

        return Matcher(corpus.items, request.per_item)
    from embtune_trainer.synthesize.endpoint import Endpoint

    return Endpoint(wanted, request.per_item, request.seed)


def _reader(request: SynthesisRequest, mirror: Path | None, outside: Outside) -> PairReader | None:
    if request.cross_encoder is None:
        return None
    from embtune_trainer.prepare.mining.cross_encoder import PairReader

    return PairReader(BaseModelRef(uri=request.cross_encoder), Path(request.folder), mirror, outside, "crossEncoder")


def _tokens(entries: list[Entry]) -> Tokens:
    return sum((entry.tokens for entry in entries), Tokens())
