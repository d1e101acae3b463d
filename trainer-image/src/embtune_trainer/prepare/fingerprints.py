"""Fingerprints of training texts: who has trained on what, without keeping the texts.

A fingerprint is the first 8 bytes of sha256 of a normalised text, as uint64. A file of them is sorted, without
repetition, little-endian, 8 bytes each. At a million texts a foreign query matches by accident once in 10^13.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from embtune_api.documents import StoredFile
from embtune_api.errors import Tampered
from embtune_store.folders import read_verified
from embtune_store.protocol import Store
from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.prepare.rows import Row

Fingerprints = npt.NDArray[np.uint64]
_SEPARATOR = "\x1f"
"""Normalised texts hold no such character, so a pair never looks like an anchor."""
_STORED = np.dtype("<u8")


def fingerprint(text: str) -> int:
    """Fingerprint of one text, which is normalised first."""
    return _hash(normalise(text))


def of_rows(rows: Sequence[Row]) -> Fingerprints:
    """Fingerprints of every anchor and of every pair. (n,) uint64, sorted, unique."""
    hashes = {_hash(row.query) for row in rows} | {_hash(row.query + _SEPARATOR + row.answer) for row in rows}
    return np.array(sorted(hashes), dtype=np.uint64)


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
    """Which queries occur among the fingerprinted anchors. (queries,) bool"""
    queries = np.array([fingerprint(text) for text in query_texts], dtype=np.uint64)
    return np.isin(queries, fingerprints)


def _hash(normalised: str) -> int:
    return int.from_bytes(hashlib.sha256(normalised.encode()).digest()[:8], "little")
