"""What most people would take: MinHash signatures in a locality-sensitive hash table, as datasketch has them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from datasketch import MinHash, MinHashLSH

from embtune_trainer.prepare.near import NearDuplicates, similar

PERMUTATIONS = 128


@dataclass(frozen=True)
class Found:
    seconds: float
    """Of the processor."""
    pairs: set[tuple[str, str]]
    """Texts and those that they are nearly."""


def by_minhash(indexed: Sequence[str], asked: Sequence[str]) -> Found:
    """Candidates at Jaccard 0.8, each of them compared: nothing is found that is none."""
    started = time.process_time()
    table = MinHashLSH(threshold=0.8, num_perm=PERMUTATIONS)
    for text in dict.fromkeys(indexed):
        table.insert(text, _signature(text))
    pairs = {(text, found) for text in asked for found in table.query(_signature(text)) if similar(text, found)}
    return Found(time.process_time() - started, pairs)


def by_embtune(indexed: Sequence[str], asked: Sequence[str]) -> Found:
    started = time.process_time()
    index = NearDuplicates(indexed)
    pairs = {
        (asked[text], index.texts[found])
        for part in index.pairs(asked)
        for text, found in zip(part.looked_for.tolist(), part.found.tolist(), strict=True)
    }
    return Found(time.process_time() - started, pairs)


def _signature(text: str) -> MinHash:
    signature = MinHash(num_perm=PERMUTATIONS)
    signature.update_batch([text[at : at + 4].encode() for at in range(max(1, len(text) - 3))])
    return signature
