"""What the operating system says about a disk, as an error that tells a person what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from embtune_api.errors import StoreDenied, StoreError, StoreFull

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def os_failures(place: str) -> Iterator[None]:
    """Raise StoreFull, StoreDenied or StoreError for an OSError at `place`."""
    try:
        yield
    except OSError as error:
        raise _told(error, place) from error


def _told(error: OSError, place: str) -> StoreError:
    said = error.strerror or str(error)
    if error.errno in FULL:
        return StoreFull(
            f"There is no room left for {place} ({said}). Nothing half-written is visible. Make room on that disk, or "
            "raise the quota, and run the same command again: it goes on where it stopped."
        )
    if error.errno in DENIED:
        return StoreDenied(
            f"This user may not read or write {place} ({said}). Change the owner or the mode of the folder, "
            "or choose another one with --store."
        )
    return StoreError(f"{place} cannot be read or written: {said}. Look at the disk, then run the same command again.")
