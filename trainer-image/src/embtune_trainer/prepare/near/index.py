"""An index of texts that finds every near-duplicate of other texts, and nothing else.

Exact set-similarity search. With the rarest grams first, two sets at the threshold have one in common among the first of each
(prefix filter: Chaudhuri, Ganti, Kaushik: A primitive operator for similarity joins, ICDE 2006), and enough grams after it
(positional filter: Xiao, Wang, Lin, Yu: Efficient similarity joins for near duplicate detection, WWW 2008). What is left is
compared by parities (bitmap filter: Sandes, Teodoro, Melo, Information Systems 88, 2020), then gram by gram.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embtune_trainer.prepare.near.grams import Batch, batches
from embtune_trainer.prepare.near.order import NONE, UNKNOWN, GramCounts, Ranks
from embtune_trainer.prepare.near.parities import WORDS, folded, folds_may_be_similar, may_be_similar, parities
from embtune_trainer.prepare.near.postings import Postings, Prefixes, prefixes
from embtune_trainer.prepare.near.ranges import Numbers, parts, ranges
from embtune_trainer.prepare.near.threshold import largest_given, largest_partner, needed, smallest_partner

Report = Callable[[int, int], None]
"""Told how many texts are done, and of how many."""


@dataclass(frozen=True)
class Pairs:
    """Near-duplicates: texts that were looked for, and what was found, each by its place among its kind."""

    looked_for: Numbers
    found: Numbers
    similarity: NDArray[np.float64]


class NearDuplicates:
    """An index of normalised texts."""

    def __init__(self, texts: Iterable[str], report: Report | None = None) -> None:
        self.texts = sorted(set(texts), key=lambda text: (len(text), text))
        counts = GramCounts()
        sizes = [np.empty(0, dtype=np.int64)]
        for batch in batches(self.texts):
            counts.add(batch)
            sizes.append(batch.sizes)
            if report:
                report(int(batch.places[-1]) + 1, len(self.texts))
        self._order = counts.order()
        self._sizes = np.concatenate(sizes)
        self._held_sizes = np.unique(self._sizes)
        self._starts = np.cumsum([0, *self._sizes])
        self._grams = np.empty(self._starts[-1], dtype=np.int32)
        self._parities = np.empty((len(self.texts), WORDS), dtype=np.uint64)
        self._postings = Postings(self._filled(), self._sizes)
        self._folded = folded(self._parities)

    def find(self, texts: Iterable[str], report: Report | None = None) -> dict[str, str]:
        """Of each text that has near-duplicates in the index the most similar; of equals the first in order of text."""
        asked = list(texts)
        best: dict[str, tuple[float, str]] = {}
        for pairs in self.pairs(asked, report):
            places = zip(pairs.looked_for.tolist(), pairs.found.tolist(), pairs.similarity.tolist(), strict=True)
            for text, found, similarity in places:
                match = (-similarity, self.texts[found])
                best[asked[text]] = min(match, best.get(asked[text], match))
        return {text: found for text, (_, found) in best.items()}

    def pairs(self, texts: Sequence[str], report: Report | None = None) -> Iterator[Pairs]:
        """All near-duplicates of the texts; those of one text may come in several parts."""
        return self._pairs(texts, report, once=False)

    def own_pairs(self, report: Report | None = None) -> Iterator[Pairs]:
        """The near-duplicates among the indexed texts, each pair once."""
        return self._pairs(self.texts, report, once=True)

    def candidates(self, texts: Sequence[str]) -> int:
        """How many pairs are compared: what a search costs."""
        looked_for = ((batch, prefixes(self._order.ranks(batch), batch.sizes)) for batch in batches(texts))
        return sum(len(rows) for batch, those in looked_for for rows, _ in self._sharing_a_gram(batch, those, once=False))

    def _filled(self) -> Iterator[Prefixes]:
        """The prefixes of the indexed texts; on the way, what is kept of them."""
        for batch in batches(self.texts):
            ranks = self._order.ranks(batch)
            first, end = int(batch.places[0]), int(batch.places[-1]) + 1
            self._grams[self._starts[first] : self._starts[end]] = ranks[ranks != NONE]
            self._parities[first:end] = parities(batch)
            found = prefixes(ranks, batch.sizes)
            yield Prefixes(found.rows + first, found.positions, found.ranks)

    def _pairs(self, texts: Sequence[str], report: Report | None, *, once: bool) -> Iterator[Pairs]:
        done = 0
        for batch in batches(texts):
            near = batch.only(self._has_partners(batch.sizes))
            ranks = self._order.ranks(near)
            for rows, found in self._candidates(near, ranks, once):
                yield self._compared(near, ranks, rows, found)
            done += len(batch.places)
            if report:
                report(done, len(texts))

    def _has_partners(self, sizes: Numbers) -> NDArray[np.bool_]:
        """Whether there are indexed sets of a size that can be similar. Long answers among short questions have none."""
        first = np.searchsorted(self._held_sizes, smallest_partner(sizes))
        return np.asarray(first < np.searchsorted(self._held_sizes, largest_partner(sizes), side="right"))

    def _candidates(self, batch: Batch, ranks: Ranks, once: bool) -> Iterator[tuple[Numbers, Numbers]]:
        """(pairs,) each: row of the batch and place in the index; each pair once in a part."""
        marks = parities(batch)
        folds = folded(marks)
        for rows, found in self._sharing_a_gram(batch, prefixes(ranks, batch.sizes), once):
            sizes = batch.sizes[rows] + self._sizes[found]
            similar = folds_may_be_similar(folds[rows], self._folded[found], sizes)
            rows, found, sizes = rows[similar], found[similar], sizes[similar]
            similar = may_be_similar(marks[rows], self._parities[found], sizes)
            pairs = np.unique(rows[similar] * len(self.texts) + found[similar])
            if len(pairs):
                yield pairs // len(self.texts), pairs % len(self.texts)

    def _sharing_a_gram(self, batch: Batch, looked_for: Prefixes, once: bool) -> Iterator[tuple[Numbers, Numbers]]:
        """(pairs,) each: those that have a gram in common, and from there on enough grams each."""
        known = np.flatnonzero(looked_for.ranks != UNKNOWN)
        rows = looked_for.rows[known]
        sizes = batch.sizes[rows]
        after = sizes - looked_for.positions[known]
        largest = sizes if once else largest_partner(sizes)
        first, counts = self._postings.of(
            looked_for.ranks[known], smallest_partner(sizes), np.minimum(largest, largest_given(sizes, after))
        )
        for part in parts(counts):
            at = ranges(first[part], counts[part])
            found, own = self._postings.places[at].astype(np.int64), np.repeat(rows[part], counts[part])
            held = self._sizes[found]
            enough = held - self._postings.positions[at] >= needed(held + batch.sizes[own])
            if once:
                enough &= (held < batch.sizes[own]) | (found < batch.places[own])
            yield own[enough], found[enough]

    def _compared(self, batch: Batch, ranks: Ranks, rows: Numbers, found: Numbers) -> Pairs:
        """Those of the candidates that are near-duplicates. `rows` ascend."""
        shared = np.empty(len(rows), dtype=np.int64)
        held = np.zeros(len(self._order.rank) + 1, dtype=np.bool_)  # the last is for grams that no indexed text has
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(rows)], strict=True):
            own = ranks[rows[start]]
            own = own[own != NONE]
            held[own] = True
            held[UNKNOWN] = False
            sizes = self._sizes[found[start:end]]
            grams = self._grams[ranges(self._starts[found[start:end]], sizes)]
            shared[start:end] = np.add.reduceat(held[grams], np.cumsum(sizes) - sizes, dtype=np.int64)
            held[own] = False
        together = batch.sizes[rows] + self._sizes[found]
        near = shared >= needed(together)
        return Pairs(batch.places[rows[near]], found[near], shared[near] / (together - shared)[near])
