"""A file's bytes in chunks, decompressed on the way and bounded: what comes out of a bomb never lies in memory."""

from collections.abc import Iterator
from dataclasses import dataclass

from embtune_api.errors import InvalidInput
from embtune_trainer.prepare.records.file_name import Compression

_CHUNK = 2**18
"""bytes"""
_HARMLESS = 64 * 2**20
"""bytes that may come out of anything"""
_LARGEST_RATIO = 200
"""bytes out for each byte in, beyond that: texts give 3 to 10, equal rows 50, a bomb 1,000 and more"""


@dataclass(frozen=True)
class Content:
    """May be gone through more than once: beside `data` no more than a chunk is in memory."""

    uri: str
    data: bytes
    """As the file holds them."""
    compression: Compression | None

    def refuse_broken(self) -> None:
        """Go through compressed data once, so that a bomb or a missing end is told before a row is read. Raises InvalidInput."""
        if self.compression is not None:
            for _ in self.chunks():
                pass

    def chunks(self) -> Iterator[bytes]:
        """Raises InvalidInput: compressed data that is broken or cut off, or gives more than texts can."""
        if self.compression is None:
            return (self.data[start : start + _CHUNK] for start in range(0, len(self.data), _CHUNK))
        return self._decompressed(self.compression)

    def _decompressed(self, compression: Compression) -> Iterator[bytes]:
        import pyarrow  # takes its time, and most files are not compressed

        source = pyarrow.BufferReader(self.data)
        stream = pyarrow.CompressedInputStream(source, compression)
        given = 0
        while True:
            try:
                chunk = stream.read(_CHUNK)
            except OSError as error:
                raise InvalidInput(
                    f"{self.uri}: its {compression} data is broken or cut off ({error}). Make the file again, or upload it again."
                ) from None
            if not chunk:
                return
            given += len(chunk)
            refuse_bomb(self.uri, given, source.tell())
            yield chunk


def refuse_bomb(uri: str, given: int, taken: int) -> None:
    """Raises InvalidInput when `taken` bytes of a file cannot have given as many bytes of different texts."""
    if given > max(_HARMLESS, _LARGEST_RATIO * taken):
        raise InvalidInput(
            f"{uri}: more than {given // 2**20} MiB come out of {taken} bytes, as of a decompression bomb. If its rows are "
            f"meant to repeat that often, keep one of each, or give the file uncompressed."
        )
