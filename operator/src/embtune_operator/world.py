"""What a pass over a ModelVersion or an EmbeddingModel reaches: built by the service for the resource's namespace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embtune_operator.pipeline.readings import Readings

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from embtune_operator.cluster import Cluster
    from embtune_operator.kube.api import KubeApi
    from embtune_operator.kube.platform import Platform
    from embtune_operator.settings import Settings
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class World:
    api: KubeApi
    store: Store
    cluster: Cluster
    """Launches the steps of a registration."""
    platform: Platform
    settings: Settings
    """Of the resource's namespace."""
    clock: Callable[[], datetime]
    line_changed: Callable[[str, str], None]
    """Told (namespace, model) when what is in production has changed, or a version came or went: whoever shows the line looks
    again."""
    readings: Readings = field(default_factory=Readings)
    """What this process has read of the store and never changes: every version of a line asks for the line's history."""
