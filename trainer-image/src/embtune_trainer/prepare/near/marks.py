"""Marks of texts: enough to tell most pairs that are no near-duplicates without their texts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embtune_trainer.prepare.near.grams import batches
from embtune_trainer.prepare.near.parities import WORDS, Parities, may_be_similar, parities
from embtune_trainer.prepare.near.ranges import Numbers
from embtune_trainer.prepare.near.threshold import largest_partner, smallest_partner


@dataclass(frozen=True)
class Marks:
    sizes: Numbers
    """(texts,)"""
    parities: Parities

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Marks":
        marks = cls(np.zeros(len(texts), dtype=np.int64), np.zeros((len(texts), WORDS), dtype=np.uint64))
        for batch in batches(texts):
            marks.sizes[batch.places] = batch.sizes
            marks.parities[batch.places] = parities(batch)
        return marks

    @classmethod
    def together(cls, parts: Sequence["Marks"]) -> "Marks":
        return cls(np.concatenate([part.sizes for part in parts]), np.concatenate([part.parities for part in parts]))

    def may_be_similar(self, ones: Numbers, others: Numbers) -> Numbers:
        """Places, among these pairs of texts, of those that may be near-duplicates."""
        smaller, larger = np.minimum(self.sizes[ones], self.sizes[others]), np.maximum(self.sizes[ones], self.sizes[others])
        fits = np.flatnonzero((smallest_partner(larger) <= smaller) & (larger <= largest_partner(smaller)))
        ones, others = ones[fits], others[fits]
        return fits[may_be_similar(self.parities[ones], self.parities[others], self.sizes[ones] + self.sizes[others])]
