"""Queries that people asked, with the passages that BM25 finds: likely answers, which a cross-encoder confirms or drops."""

import asyncio
from collections.abc import AsyncIterator, Container, Sequence
from typing import Any

from embtune_api.digest import digest_of
from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.synthesize.corpus import Item
from embtune_trainer.synthesize.journal import Entry, Pair

QUERIES_A_BATCH = 64


class Matcher:
    """BM25 over the words of the normalised texts (bm25s, Lù, 2024)."""

    def __init__(self, passages: Sequence[Item], most: int) -> None:
        self._passages, self._most = passages, min(most, len(passages))
        self.name, self.unanswered = "bm25", 0
        self.settings: dict[str, Any] = {
            "search": "bm25s",
            "corpus": digest_of([passage.digest for passage in passages]),
            "number of passages for each query": most,
        }
        self.digest = digest_of(self.settings)

    async def write(self, items: Sequence[Item], done: Container[str]) -> AsyncIterator[list[Entry]]:
        left = [item for item in items if item.digest not in done]
        if not left:
            return
        import bm25s  # takes its time

        index = bm25s.BM25()
        await asyncio.to_thread(index.index, [_words(passage) for passage in self._passages], show_progress=False)
        for start in range(0, len(left), QUERIES_A_BATCH):
            yield await asyncio.to_thread(self._entries, index, left[start : start + QUERIES_A_BATCH])

    def _entries(self, index: Any, items: list[Item]) -> list[Entry]:
        found, scores = index.retrieve([_words(item) for item in items], k=self._most, show_progress=False)
        return [
            Entry(
                item.digest,
                tuple(
                    Pair(item.text, self._passages[int(place)].digest)
                    for place, score in zip(places, values, strict=True)
                    if score > 0
                ),
            )
            for item, places, values in zip(items, found, scores, strict=True)
        ]


def _words(item: Item) -> list[str]:
    return normalise(item.text).split()
