"""How far a step is: `progress.json`, for the operator to read, and lines of the step's log, for people."""

import time
from collections.abc import Callable
from contextlib import suppress

from embtune_api.errors import StoreError
from embtune_api.status import Progress
from embtune_store.protocol import Store

ReportProgress = Callable[[Progress], None]
STORED_EVERY, SAID_EVERY = 1.0, 10.0
"""Seconds, at least, between two of them."""


def progress_writer(store: Store, key: str, every: float = STORED_EVERY) -> ReportProgress:
    """A function that stores the newest progress at `key`, at most once in `every` seconds; 100 % is always stored. New words
    are said at once, new numbers now and then.

    Work goes on when the store does not take it: what must be stored is stored by others.
    """
    stored_at = said_at = float("-inf")
    said = Progress()

    def report(progress: Progress) -> None:
        nonlocal stored_at, said_at, said
        now, is_end = time.monotonic(), progress.percent >= 100
        if is_end or progress.message != said.message or now - said_at >= SAID_EVERY:
            said_at, said = now, progress
            print(f"{time.strftime('%H:%M:%S')} {progress.percent:3.0f} % {progress.text}".rstrip(), flush=True)  # noqa: T201
        if is_end or now - stored_at >= every:
            stored_at = now
            with suppress(StoreError):
                store.put(key, progress.model_dump_json(by_alias=True, exclude_none=True).encode())

    return report
