"""Near-duplicates of a set of texts: every one at Jaccard ≥ 0.8 of character 4-grams is found, and nothing else.

Exact set-similarity search by prefix filtering (Bayardo, Ma, Srikant: Scaling up all pairs similarity search, WWW 2007;
Chaudhuri, Ganti, Kaushik: A primitive operator for similarity joins, ICDE 2006). Two sets that are this similar must
share a gram among the first few of each, in any order of grams that both follow; with the rarest first, few other
texts share one. Texts are numbered by the size of their sets, so those of a size that cannot be similar are never looked at.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable

GRAM = 4
"""characters"""
_NUMERATOR, _DENOMINATOR = 4, 5
"""The threshold 0.8 as a fraction: sizes and overlaps are compared as integers, without rounding."""


def grams(text: str) -> frozenset[str]:
    """Character 4-grams; a shorter text is its own only gram."""
    return frozenset(text[start : start + GRAM] for start in range(max(1, len(text) - GRAM + 1)))


class NearDuplicates:
    """An index of normalised texts, asked text by text."""

    def __init__(self, texts: Iterable[str]) -> None:
        by_size = sorted((len(members := grams(text)), text, members) for text in set(texts))
        self._sizes = [size for size, _, _ in by_size]
        self._texts = [text for _, text, _ in by_size]
        self._sets = [members for _, _, members in by_size]
        counts = Counter(gram for members in self._sets for gram in members)
        self._rank = {gram: rank for rank, gram in enumerate(sorted(counts, key=lambda gram: (counts[gram], gram)))}
        self._postings: dict[str, list[int]] = defaultdict(list)
        for number, members in enumerate(self._sets):
            for gram in sorted(members, key=self._rank.__getitem__)[: _prefix_length(len(members))]:
                self._postings[gram].append(number)

    def find(self, text: str) -> str | None:
        """The indexed text most similar to `text`, if one is at Jaccard ≥ 0.8; of equals the first in order of text."""
        members = grams(text)
        similar = [
            (-similarity, self._texts[number])
            for number in self.candidates(members)
            if (similarity := _jaccard(members, self._sets[number])) is not None
        ]
        return min(similar)[1] if similar else None

    def candidates(self, members: frozenset[str]) -> set[int]:
        """Numbers of the indexed texts that a text of these grams has to be compared with: what a search costs."""
        smallest = -(-_NUMERATOR * len(members) // _DENOMINATOR)
        largest = _DENOMINATOR * len(members) // _NUMERATOR
        first, end = bisect_left(self._sizes, smallest), bisect_right(self._sizes, largest)
        if first == end:
            return set()  # a long passage among short queries: not worth sorting its grams
        known = [gram for gram in members if gram in self._rank]
        # Grams that no indexed text has are the rarest of all: they come first and lead nowhere.
        prefix = _prefix_length(len(members)) - (len(members) - len(known))
        if prefix <= 0:
            return set()
        known.sort(key=self._rank.__getitem__)
        found: set[int] = set()
        for gram in known[:prefix]:
            numbers = self._postings.get(gram, [])
            found.update(numbers[bisect_left(numbers, first) : bisect_left(numbers, end)])
        return found


def _prefix_length(size: int) -> int:
    """Of two sets at the threshold, one has at most `size` - ceil(0.8 size) members that the other lacks."""
    return size + (-_NUMERATOR * size // _DENOMINATOR) + 1


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float | None:
    """Jaccard similarity; None below the threshold."""
    smaller, larger = sorted((len(one), len(other)))
    if smaller * _DENOMINATOR < larger * _NUMERATOR:
        return None
    shared = len(one & other)
    union = len(one) + len(other) - shared
    return shared / union if shared * _DENOMINATOR >= union * _NUMERATOR else None
