"""Fingerprints of training texts: who has trained on what, without keeping the texts.

A fingerprint is the first 8 bytes of sha256 of a normalised and squashed text, as uint64, so `dry run` and `dry-run` have
the same. Every text of a row counts: a query that was learnt as an answer is known as well. A file of them is sorted,
without repetition, little-endian, 8 bytes each. At a million texts a foreign query matches by accident once in 10^13.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from embtune_api.documents.files import StoredFile
from embtune_api.errors import Tampered
from embtune_store.folders import read_verified
from embtune_store.protocol import Store
from embtune_trainer.prepare.normalise import normalise, squash
from embtune_trainer.prepare.rows import Row

Fingerprints = npt.NDArray[np.uint64]
_STORED = np.dtype("<u8")


def fingerprint(text: str) -> int:
    """Fingerprint of one text, which is normalised and squashed first."""
    return _hash(normalise(text))


def of_rows(rows: Sequence[Row]) -> Fingerprints:
    """Fingerprints of all their texts. (n,) uint64, sorted, unique."""
    hashes = (_hash(text) for row in rows for text in (row.query, *row.other_texts))
    return np.unique(np.fromiter(hashes, dtype=np.uint64))


def merge(*parts: Fingerprints) -> Fingerprints:
    """Everything in any of the parts. (n,) uint64, sorted, unique."""
    return np.unique(np.concatenate(parts)).astype(np.uint64)


def to_bytes(fingerprints: Fingerprints) -> bytes:
    """What a file of them holds."""
    return np.unique(fingerprints).astype(_STORED).tobytes()


def read(store: Store, file: StoredFile) -> Fingerprints:
    """(n,) uint64, sorted, unique.

    Raises:
        Tampered: it is gone, or its bytes are not those that were written.
    """
    data = read_verified(store, file)
    if len(data) % _STORED.itemsize:
        raise Tampered(f"{file.key}: {len(data)} bytes are not a whole number of fingerprints. Publish the version again.")
    return np.frombuffer(data, dtype=_STORED).astype(np.uint64)


def seen_queries(fingerprints: Fingerprints, query_texts: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which queries occur among the fingerprinted texts. (queries,) bool"""
    queries = np.array([fingerprint(text) for text in query_texts], dtype=np.uint64)
    return np.isin(queries, fingerprints)


def _hash(normalised: str) -> int:
    return int.from_bytes(hashlib.sha256(squash(normalised).encode()).digest()[:8], "little")
