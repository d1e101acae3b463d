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


@dataclass
class TwoParts:
    """Passes of two parts: others may go before the second one."""

    workers: Workers
    log: list[str] = field(default_factory=list)
    telling: int = 0
    most_telling: int = 0

    async def __call__(self, key: Key, /) -> float | None:
        self.log.append(f"does {key.name}")
        await asyncio.sleep(0.001)
        await self.workers.give_way()
        self.telling += 1
        self.most_telling = max(self.most_telling, self.telling)
        await asyncio.sleep(0.001)
        self.log.append(f"tells {key.name}")
        self.telling -= 1
        return None

    def did(self, what: str) -> int:
        return sum(line.startswith(what) for line in self.log)


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


def test_what_is_due_begins_before_the_rest_of_a_pass_that_gives_way() -> None:
    async def check() -> None:
        workers = Workers(Leadership(), 4, Metrics())
        passes = TwoParts(workers)
        running = asyncio.create_task(workers.run(passes))
        for number in range(20):
            workers.queue.add(key(number))
        await until(lambda: passes.did("tells") == 20)
        # Nothing is due any more as soon as the last ones have begun.
        assert all(line.startswith("does") for line in passes.log[: 20 - workers.limit + 1]), passes.log
        told = [line.removeprefix("tells ") for line in passes.log if line.startswith("tells")]
        assert told == [line.removeprefix("does ") for line in passes.log if line.startswith("does")]  # who came first
        assert passes.most_telling <= 4
        await workers.close(1)
        await running

    asyncio.run(check())


def test_a_pass_gives_way_no_longer_than_it_has_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embtune_operator.service.workers.PATIENCE", 0.02)

    async def check() -> None:
        workers = Workers(Leadership(), 1, Metrics())
        passes = TwoParts(workers)
        running = asyncio.create_task(workers.run(passes))
        for number in range(100):
            workers.queue.add(key(number))
        await until(lambda: passes.did("tells") > 0)
        assert passes.did("does") < 100
        await until(lambda: passes.did("tells") == 100)
        await workers.close(1)
        await running

    asyncio.run(check())


@pytest.mark.parametrize("end", ["is closed", "leads no longer"])
def test_a_pass_that_gives_way_is_finished_when_the_process(end: str) -> None:
    async def check() -> None:
        leadership = Leadership()
        workers, first = Workers(leadership, 1, Metrics()), asyncio.Event()

        async def work(key: Key, /) -> float | None:
            if key.name == "job-1":
                await workers.give_way()
                first.set()
            else:
                await asyncio.sleep(0.1)
            return None

        running = asyncio.create_task(workers.run(work))
        workers.queue.add(key(1))
        workers.queue.add(key(2))
        workers.queue.add(key(3))
        await asyncio.sleep(0.05)
        assert not first.is_set()
        leadership.leads = end == "is closed"
        workers.look()
        if leadership.leads:
            assert await workers.close(5) == 0
        else:
            await until(first.is_set)
            assert await workers.close(5) == 0
        assert first.is_set()
        await running

    asyncio.run(check())


def test_a_pass_that_is_given_up_while_it_gives_way_leaves_nothing_behind() -> None:
    async def check() -> None:
        workers, passes = Workers(Leadership(), 1, Metrics()), Passes()
        workers.queue.add(key(1))
        waits = asyncio.create_task(workers.give_way())
        await asyncio.sleep(0.01)
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
        passes.go.set()
        running = asyncio.create_task(workers.run(passes))
        await until(lambda: passes.done == [key(1)])
        await workers.close(1)
        await running

    asyncio.run(check())
