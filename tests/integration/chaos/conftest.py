"""One nursery for each processor, one world, and an undisturbed run of both jobs."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest

from integration.chaos.moments import Which
from integration.chaos.world import JobFile, Reference, World, copied, make_world, undisturbed
from support.nursery import Nursery, nursery

AT_ONCE = 2


@dataclass(frozen=True)
class Chaos:
    """What the tests share."""

    nurseries: "SimpleQueue[Nursery]"
    """Take one, put it back."""
    world: World
    references: dict[Which, Reference]

    @property
    def jobs(self) -> dict[Which, JobFile]:
        return {"first": self.world.first, "second": self.world.second}

    def store_before(self, which: Which, folder: Path) -> Path:
        """A new store in which that job is the next: an empty one, or one with version 1 in production."""
        store = folder / "store"
        if which == "first":
            store.mkdir(parents=True)
            return store
        return copied(self.references["first"].store, store)


@pytest.fixture(scope="session")
def nurseries(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SimpleQueue[Nursery]"]:
    with ExitStack() as stack:
        free: SimpleQueue[Nursery] = SimpleQueue()
        for number in range(AT_ONCE):
            free.put(stack.enter_context(nursery(tmp_path_factory.mktemp(f"nursery{number}"))))
        yield free


@pytest.fixture
def quiet_nursery(nurseries: "SimpleQueue[Nursery]") -> Iterator[Nursery]:
    """One for a test alone; no process is left in it afterwards."""
    taken = nurseries.get()
    yield taken
    was_empty = taken.clear()
    nurseries.put(taken)
    assert was_empty, "a process was left"


@pytest.fixture(scope="session")
def chaos(nurseries: "SimpleQueue[Nursery]", tmp_path_factory: pytest.TempPathFactory) -> Chaos:
    taken = nurseries.get()
    world = make_world(tmp_path_factory.mktemp("world"), taken)
    first = undisturbed(taken, world.first, tmp_path_factory.mktemp("first") / "store")
    second = undisturbed(taken, world.second, copied(first.store, tmp_path_factory.mktemp("second") / "store"))
    nurseries.put(taken)
    return Chaos(nurseries, world, {"first": first, "second": second})
