"""A pass over the store itself: its bucket is made ready, once for each time that this process begins to lead."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_operator.service.bootstrap import prepare_bucket

if TYPE_CHECKING:
    from embtune_operator.kube.platform import StoreSettings
    from embtune_operator.service.queue import Key

log = logging.getLogger(__name__)


@dataclass
class BucketPass:
    """A store that does not answer is asked again later, as everything that fails in the queue."""

    store: StoreSettings

    async def __call__(self, key: Key) -> float | None:
        if self.store.uri.startswith("s3://"):
            for left_undone in await asyncio.to_thread(prepare_bucket, self.store):
                log.warning("%s", left_undone, extra={"resource": key})
        return None
