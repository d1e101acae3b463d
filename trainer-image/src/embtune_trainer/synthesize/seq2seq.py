"""Queries by a sequence-to-sequence model on this machine, as doc2query does (Nogueira and Lin, 2019)."""

import asyncio
from collections.abc import AsyncIterator, Container, Iterator, Sequence
from pathlib import Path
from typing import Any

from transformers import TopPLogitsWarper

from embtune_api.base_model import BaseModelRef
from embtune_api.synthesis import PASSAGE, Seq2SeqWriter
from embtune_trainer.prepare.builders.turns import turn
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.synthesize.corpus import Item
from embtune_trainer.synthesize.journal import Entry, Pair
from embtune_trainer.text_to_text import Drawn, TextToText

FIELD = "model"
PASSAGES_A_BATCH, PASSAGES_SORTED = 16, 256
"""Passages are sorted by length, so many at a time, so that a batch computes little padding."""
LONGEST_PASSAGE, LONGEST_QUERY = 512, 64
"""tokens"""
TOP_P = 0.95
"""A word is sampled from the likeliest ones that have so much probability together (Holtzman et al., 2020)."""


class Seq2Seq:
    """
    Raises:
        InvalidInput: the model cannot be had, or is none for text to text.
    """

    def __init__(self, wanted: Seq2SeqWriter, per_passage: int, seed: int, folder: Path, outside: Outside) -> None:
        self._model = TextToText(BaseModelRef(uri=wanted.uri), folder, outside, FIELD)
        self._wanted, self._per_passage, self._seed = wanted, per_passage, seed
        self.name, self.unanswered, self.digest = wanted.uri, 0, self._model.digest
        self.settings: dict[str, Any] = {
            "model": self.digest,
            "prompt": wanted.prompt,
            "decoding": "greedy" if wanted.greedy else {"top_p": TOP_P, "seed": seed},
            "number of queries for each passage": per_passage,
        }

    async def write(self, items: Sequence[Item], done: Container[str]) -> AsyncIterator[list[Entry]]:
        """Batches are the same whatever is done already, and so are the last bits that padding changes."""
        for batch in _batches(items):
            left = [item for item in batch if item.digest not in done]
            if left:
                yield await asyncio.to_thread(self._entries, left)

    def _entries(self, items: list[Item]) -> list[Entry]:
        queries = self._generate([item for item in items for _ in range(self._per_passage)])
        return [
            Entry(item.digest, tuple(Pair(query, item.digest) for query in queries[at : at + self._per_passage] if query))
            for at, item in zip(range(0, len(queries), self._per_passage), items, strict=True)
        ]

    def _generate(self, rows: list[Item]) -> list[str]:
        """A query for each row; equal ones beside each other get different ones."""
        prompts = [self._wanted.prompt.replace(PASSAGE, item.text) for item in rows]
        tokenizer = self._model.tokenizer
        longest = min(LONGEST_PASSAGE, int(tokenizer.model_max_length))
        tokens = tokenizer(prompts, truncation=True, max_length=longest)["input_ids"]
        seeds = [turn(self._seed, f"synthesize/{number % self._per_passage}", item.digest) for number, item in enumerate(rows)]
        drawn = None if self._wanted.greedy else Drawn(seeds, TopPLogitsWarper(TOP_P))
        return [self._model.text(answer) for answer in self._model.answer(tokens, drawn, LONGEST_QUERY)]


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    for start in range(0, len(items), PASSAGES_SORTED):
        some = sorted(items[start : start + PASSAGES_SORTED], key=lambda item: (-len(item.text), item.digest))
        for first in range(0, len(some), PASSAGES_A_BATCH):
            yield some[first : first + PASSAGES_A_BATCH]
