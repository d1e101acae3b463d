"""Vectors that were computed before, kept in the store by the digest of their text.

One cache is of one model and one way to use it (side, length): its key says so. It is a set of chunks, each a `.npy` of
(text digest, vector) named by the sha256 of its bytes. Whatever is not what its name says (cut short, overwritten) is as
if it were not there: its texts are embedded again. Writers never touch each other's chunks, so any number may work at once.
"""

import hashlib
import io
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from embtune_api.digest import sha256_hex
from embtune_api.errors import NotFound
from embtune_api.keys import EmbeddingKeys
from embtune_store.protocol import Store

Vector = NDArray[np.float32]
TextDigest = bytes

_DIGEST_BYTES = 32
T = TypeVar("T")

ReportItems = Callable[[int, int], None]
"""Called with how many are computed, and how many there are to compute; those of the cache do not count."""

CHUNK = 2048
"""Vectors in a chunk, 3 MB at 384 dimensions: a process that is killed loses one."""


def silent(*_: float) -> None:
    """For whoever does not want to know."""


def text_digest(text: str) -> TextDigest:
    """sha256 of the text as it is: a vector depends on capitals and punctuation too."""
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True)
class EmbeddingCache:
    store: Store
    keys: EmbeddingKeys

    def read(self, wanted: Collection[TextDigest]) -> dict[TextDigest, Vector]:
        """Vectors (dim,) float32 of those that are kept. One chunk is in memory at a time, beside what is returned."""
        found: dict[TextDigest, Vector] = {}
        for stored in sorted(self.store.list(self.keys.root), key=lambda stored: stored.key):
            if len(found) == len(wanted):
                break
            for digest, vector in self._chunk(stored.key).items():
                if digest in wanted:
                    found.setdefault(digest, vector.copy())
        return found

    def write(self, vectors: Mapping[TextDigest, Vector]) -> None:
        """Keep one chunk; whoever calls bounds its size."""
        dim = len(next(iter(vectors.values())))
        chunk = np.empty(len(vectors), dtype=[("text", np.uint8, _DIGEST_BYTES), ("vector", "<f4", dim)])
        chunk["text"] = np.frombuffer(b"".join(vectors), dtype=np.uint8).reshape(-1, _DIGEST_BYTES)
        chunk["vector"] = np.stack(list(vectors.values()))
        file = io.BytesIO()
        np.save(file, chunk, allow_pickle=False)
        self.store.create(self.keys.chunk(sha256_hex(file.getvalue())), file.getvalue())

    def completed(
        self,
        wanted: Mapping[TextDigest, T],
        compute: Callable[[list[T]], Vector],
        longest: Callable[[T], int],
        report: ReportItems,
    ) -> dict[TextDigest, Vector]:
        """Every vector that is wanted; those that are not kept are computed and then kept, chunk by chunk.

        Args:
            compute: (items, dim) float32 of some items
            longest: an item's length. Whatever order they come in, the same ones are computed together; long ones first, so
                memory runs out at once or never.
        """
        vectors = self.read(wanted)
        missing = [digest for digest in wanted if digest not in vectors]
        missing.sort(key=lambda digest: (-longest(wanted[digest]), digest))
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            new = dict(zip(chunk, compute([wanted[digest] for digest in chunk]), strict=True))
            self.write(new)
            vectors |= new
            report(start + len(chunk), len(missing))
        return vectors

    def _chunk(self, key: str) -> dict[TextDigest, Vector]:
        try:
            data = self.store.get(key)
        except NotFound:  # deleted meanwhile
            return {}
        if key != self.keys.chunk(sha256_hex(data)):
            return {}
        chunk = np.load(io.BytesIO(data), allow_pickle=False)
        digests = chunk["text"].tobytes()
        return {
            digests[at * _DIGEST_BYTES : (at + 1) * _DIGEST_BYTES]: vector
            for at, vector in enumerate(np.asarray(chunk["vector"], dtype=np.float32))
        }
