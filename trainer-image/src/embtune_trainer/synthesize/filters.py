"""Which pairs are worth a person's look: pure, so that other limits need nothing to be written again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from embtune_api.synthesis import Dropped
from embtune_trainer.prepare.normalise import normalise, squash
from embtune_trainer.synthesize.corpus import Item
from embtune_trainer.synthesize.journal import Entry, Pair

COPIED_WORDS = 8
"""A query of so many words that stands in the passage as it is was copied, not asked."""


@dataclass(frozen=True)
class Limits:
    min_characters: int
    min_score: float
    several_answers: bool
    """A query may have several passages: those of people may, one that was written for each of two passages tells neither."""


@dataclass
class Filtered:
    kept: list[tuple[Pair, Item]] = field(default_factory=list)
    """With its passage; by the digest of the passage and by the query."""
    dropped: Counter[Dropped] = field(default_factory=Counter)
    pairs: int = 0


def filtered(entries: Iterable[Entry], passages: Mapping[str, Item], limits: Limits) -> Filtered:
    """Every pair goes to the first filter that it does not pass. Of equal queries the one with the best score stays.

    Args:
        passages: by digest; pairs of others are not looked at
    """
    found = Filtered()
    passed: dict[tuple[str, str], Pair] = {}
    for pair in sorted((pair for entry in entries for pair in entry.pairs if pair.passage in passages), key=_best_first):
        found.pairs += 1
        query = normalise(pair.query)
        key = (squash(query), pair.passage if limits.several_answers else "")
        fault = _fault(pair, query, normalise(passages[pair.passage].text), limits)
        if fault is None and key in passed:
            fault = "repeated"
        if fault is None:
            passed[key] = pair
        else:
            found.dropped[fault] += 1
    kept = sorted(passed.values(), key=lambda pair: (pair.passage, pair.query))
    found.kept += [(pair, passages[pair.passage]) for pair in kept]
    return found


def _fault(pair: Pair, query: str, passage: str, limits: Limits) -> Dropped | None:
    if len(query) < limits.min_characters:
        return "short"
    if squash(query) == squash(passage) or (len(query.split()) >= COPIED_WORDS and query in passage):
        return "copied"
    if pair.score is not None and pair.score <= limits.min_score:
        return "score"
    return None


def _best_first(pair: Pair) -> tuple[float, str, str]:
    return (-(pair.score or 0.0), pair.passage, pair.query)
