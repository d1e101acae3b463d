"""Workers: several at once, none twice, an orderly end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from embtune_api.errors import StoreError
from embtune_operator.kube.errors import Conflict
from embtune_operator.service.fence import NotLeading
from embtune_operator.service.metrics import Metrics
from embtune_operator.service.queue import Key
from embtune_operator.service.workers import Workers


@dataclass
class Leadership:
    leads: bool = True

    def still(self) -> bool:
        return self.leads


@dataclass
class Passes:
    """Passes that end when they are let go."""

    going: set[Key] = field(default_factory=set)
    most: int = 0
    done: list[Key] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    fails_with: Exception | None = None

    async def __call__(self, key: Key, /) -> float | None:
        assert key not in self.going
        self.going.add(key)
        self.most = max(self.most, len(self.going))
        try:
            await self.go.wait()
            if self.fails_with:
                raise self.fails_with
        finally:
            self.going.discard(key)
        self.done.append(key)
        return None


def key(number: int) -> Key:
    return Key("FineTuneJob", "search", f"job-{number}")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def test_as_many_passes_as_there_are_workers_are_made_at_once() -> None:
    async def check() -> None:
        workers, passes = Workers(Leadership(), 4, Metrics()), Passes()
        running = asyncio.create_task(workers.run(passes))
        for number in range(10):
            workers.queue.add(key(number))
        await until(lambda: len(passes.going) == 4)
        passes.go.set()
        await until(lambda: len(passes.done) == 10)
        assert passes.most == 4
        await workers.close(1)
        await running

    asyncio.run(check())


def test_a_pass_that_fails_is_tried_again_and_the_others_go_on() -> None:
    async def check() -> None:
        workers, passes = Workers(Leadership(), 4, Metrics()), Passes(fails_with=StoreError("away"))
        passes.go.set()
        running = asyncio.create_task(workers.run(passes))
        workers.queue.add(key(1))
        await until(lambda: workers.queue.failures(key(1)) == 1)
        passes.fails_with = None
        workers.queue.add(key(2))
        await until(lambda: passes.done == [key(2), key(1)])
        await workers.close(1)
        await running

    asyncio.run(check())


def test_who_does_not_lead_begins_nothing() -> None:
    async def check() -> None:
        leadership = Leadership(leads=False)
        workers, passes = Workers(leadership, 4, Metrics()), Passes()
        passes.go.set()
        running = asyncio.create_task(workers.run(passes))
        workers.queue.add(key(1))
        await asyncio.sleep(0.05)
        assert passes.done == []
        leadership.leads = True
        workers.look()
        await until(lambda: passes.done == [key(1)])
        await workers.close(1)
        await running

    asyncio.run(check())


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param(NotLeading("gone"), id="was fenced off, and we lead again"),
        pytest.param(Conflict("modified"), id="was over a resource that somebody has changed meanwhile"),
    ],
)
def test_a_pass_is_no_failure_and_is_made_again_when_it(reason: Exception) -> None:
    async def check() -> None:
        workers, passes = Workers(Leadership(), 1, Metrics()), Passes(fails_with=reason)
        running = asyncio.create_task(workers.run(passes))
        workers.queue.add(key(1))
        await until(lambda: len(passes.going) == 1)
        passes.go.set()
        await asyncio.sleep(0.05)
        assert workers.queue.failures(key(1)) == 0
        passes.fails_with = None
        await until(lambda: passes.done == [key(1)])
        await workers.close(1)
        await running

    asyncio.run(check())


def test_at_the_end_passes_in_hand_are_finished_and_no_other_is_begun() -> None:
    async def check() -> None:
        workers, passes = Workers(Leadership(), 1, Metrics()), Passes()
        running = asyncio.create_task(workers.run(passes))
        workers.queue.add(key(1))
        workers.queue.add(key(2))
        await until(lambda: passes.going == {key(1)})
        closing = asyncio.create_task(workers.close(5))
        await asyncio.sleep(0.02)
        passes.go.set()
        assert await closing == 0
        assert passes.done == [key(1)]
        await running

    asyncio.run(check())


def test_a_pass_that_does_not_end_is_given_up_after_the_grace() -> None:
    async def check() -> None:
        workers, passes = Workers(Leadership(), 1, Metrics()), Passes()
        running = asyncio.create_task(workers.run(passes))
        workers.queue.add(key(1))
        await until(lambda: passes.going == {key(1)})
        assert await workers.close(0.05) == 1
        assert passes.going == set()
        await running

    asyncio.run(check())
