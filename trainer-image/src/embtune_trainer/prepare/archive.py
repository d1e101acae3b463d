"""What a line keeps of its data, for as long as it is there: the scratch of a job, where everything else lies, is deleted."""

from dataclasses import dataclass

from embtune_api.digest import sha256_hex
from embtune_api.documents.files import StoredFile
from embtune_api.keys import LineKeys
from embtune_api.requests import PrepareRequest
from embtune_store.protocol import Store


@dataclass(frozen=True)
class Archive:
    """Files by their sha256: what two jobs read is kept once, and whoever dies half-way leaves nothing that is not what its
    name says."""

    store: Store
    line: LineKeys

    @classmethod
    def of_sources(cls, request: PrepareRequest, store: Store) -> "Archive | None":
        """None: the job keeps no copy of its sources."""
        wanted = request.data is not None and request.data.archive
        return cls(store, request.line_keys) if wanted else None

    @classmethod
    def of_rows(cls, request: PrepareRequest, store: Store) -> "Archive | None":
        """None: nobody will replay what the job trains on. A job that replays keeps its rows, too: the next will want them."""
        data = request.data
        wanted = data is not None and (data.archive or data.replay is not None)
        return cls(store, request.line_keys) if wanted else None

    def keep(self, data: bytes) -> StoredFile:
        """Have these bytes in the line; nothing is written where they are there."""
        sha256 = sha256_hex(data)
        key = self.line.archive(sha256)
        self.store.create(key, data)
        return StoredFile(key=key, size=len(data), sha256=sha256)
