"""Keys that every store can hold, so that no key (nor a path in a forged manifest) leads out of its folder."""

from embtune_api.errors import StoreError

LONGEST = 1024
"""UTF-8 bytes of an S3 key."""


def checked_key(key: str) -> str:
    """The key itself, if it is a relative path of plain segments.

    Raises:
        StoreError: empty, absolute, with empty, `.` or `..` segments, with control characters, or longer than S3 allows.
    """
    segments = key.split("/")
    if any(segment in {"", ".", ".."} for segment in segments) or not key.isprintable() or len(key.encode()) > LONGEST:
        raise StoreError(
            f"{key!r} cannot be the name of an object: it must be a relative path of up to {LONGEST} bytes, without empty, "
            "'.' or '..' parts and without control characters. Rename the file, or distrust the manifest that names it."
        )
    return key
