"""A store and a cluster whose calls fail when the test says so, before or after they took effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_operator.cluster import Cluster
    from embtune_store import Store


@dataclass
class Faults:
    """Says of each call whether it fails: `strikes` is asked with its number, counted from 0, and its name."""

    strikes: Callable[[int, str], bool]
    error: Callable[[str], BaseException]
    after: bool = False
    """The call takes effect, and its answer is lost."""
    calls: list[str] = field(default_factory=list)

    def strike(self, name: str) -> bool:
        self.calls.append(name)
        return self.strikes(len(self.calls) - 1, name)


def failing_store(store: Store, faults: Faults) -> Store:
    return cast("Store", _FailingStore(store, faults))


def failing_cluster(cluster: Cluster, faults: Faults) -> Cluster:
    return cast("Cluster", _FailingCluster(cluster, faults))


class _FailingStore:
    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            strikes = self._faults.strike(name)
            if strikes and not self._faults.after:
                raise self._faults.error(name)
            answer = found(*args, **kwargs)
            if strikes:
                raise self._faults.error(name)
            return answer

        return call


class _FailingCluster:
    def __init__(self, cluster: Cluster, faults: Faults) -> None:
        self._cluster = cluster
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._cluster, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            strikes = self._faults.strike(name)
            if strikes and not self._faults.after:
                raise self._faults.error(name)
            answer = await found(*args, **kwargs)
            if strikes:
                raise self._faults.error(name)
            return answer

        return call
