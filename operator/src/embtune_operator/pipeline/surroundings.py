"""What a pass over a job reaches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embtune_operator.pipeline.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from embtune_operator.cluster import Cluster
    from embtune_operator.pipeline.hold import Hold
    from embtune_operator.settings import Settings
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class Surroundings:
    settings: Settings
    """Of the job's namespace."""
    cluster: Cluster
    store: Store
    clock: Callable[[], datetime]
    hold: Hold | None = None
    """Why the job must leave production as it is."""
    memory: Memory = field(default_factory=Memory)
    """What this process remembers; without it no stall is found, and every document is read again."""
    seen_first: bool = False
    """Nobody is known to have worked on the job. Its first child is made without a look; what there is of it after all, since
    somebody died before he told, is found by that child's name, and in the next pass."""
