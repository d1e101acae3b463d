"""`progress.json`: how far a step is, written at most every second, for the operator to read."""

import time
from collections.abc import Callable
from contextlib import suppress

from embtune_api.errors import StoreError
from embtune_api.status import Progress
from embtune_store.protocol import Store

ReportProgress = Callable[[Progress], None]


def progress_writer(store: Store, key: str, every: float = 1.0) -> ReportProgress:
    """A function that stores the newest progress at `key`, at most once in `every` seconds; 100 % is always stored.

    Work goes on when the store does not take it: what must be stored is stored by others.
    """
    last = float("-inf")

    def report(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= every or progress.percent >= 100:
            last = now
            with suppress(StoreError):
                store.put(key, progress.model_dump_json(by_alias=True, exclude_none=True).encode())

    return report
