"""Leadership: at most one at any moment, each by its own clock, whatever is lost or stopped."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from embtune_operator.kube.api import KubeApi
from embtune_operator.kube.errors import AlreadyExists, Conflict, Unreachable
from embtune_operator.service.leader import Leader


@dataclass
class LeaseServer:
    """One Lease, with the API server's rules for changing it."""

    lease: dict[str, Any] | None = None
    version: int = 0
    down: bool = False
    lose_answers: bool = False

    async def get(self, *_: object) -> dict[str, Any] | None:
        self._answer()
        return self.lease

    async def create(self, _: object, body: dict[str, Any]) -> dict[str, Any]:
        self._answer()
        if self.lease:
            raise AlreadyExists("there")
        return self._store(body)

    async def merge(self, _: object, __: str, ___: str, patch: dict[str, Any]) -> dict[str, Any]:
        self._answer()
        assert self.lease
        if patch["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise Conflict("changed meanwhile")
        stored = self._store({**self.lease, "spec": {**self.lease["spec"], **patch["spec"]}})
        if self.lose_answers:
            raise Unreachable("the answer is lost")
        return stored

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.lease = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        return self.lease

    def _answer(self) -> None:
        if self.down:
            raise Unreachable("down")


@dataclass
class World:
    server: LeaseServer = field(default_factory=LeaseServer)
    now: float = 1000.0

    def candidate(self, name: str) -> Leader:
        return Leader(cast("KubeApi", self.server), "embtune", 15, identity=name, clock=lambda: self.now)


@pytest.fixture
def world() -> World:
    return World()


def turn(*leaders: Leader) -> None:
    """Each looks at the lease once, as `run` does again and again."""

    async def turns() -> None:
        for leader in leaders:
            await leader.turn()

    asyncio.run(turns())


def test_the_first_one_leads_and_the_second_waits(world: World) -> None:
    a, b = world.candidate("a"), world.candidate("b")
    turn(a, b)
    assert (a.still(), b.still()) == (True, False)
    for _ in range(20):
        world.now += 5
        turn(a, b)
        assert (a.still(), b.still()) == (True, False)


def test_a_leader_that_is_stopped_knows_it_before_another_one_begins(world: World) -> None:
    a, b = world.candidate("a"), world.candidate("b")
    turn(a, b)
    led_by_both = False
    for _ in range(40):  # a is stopped: it gets no turn
        world.now += 0.5
        turn(b)
        led_by_both = led_by_both or (a.still() and b.still())
    assert b.still()
    assert not a.still()
    assert not led_by_both
    turn(a)
    assert not a.still()


def test_a_leader_that_cannot_renew_leads_no_longer(world: World) -> None:
    a = world.candidate("a")
    turn(a)
    world.server.down = True
    for _ in range(3):
        world.now += 5
        turn(a)
    assert not a.still()


def test_a_leader_whose_renewal_came_through_but_not_its_answer_goes_on(world: World) -> None:
    a = world.candidate("a")
    turn(a)
    world.server.lose_answers = True
    world.now += 5
    turn(a)
    world.server.lose_answers = False
    world.now += 1
    turn(a)
    world.now += 11
    assert a.still()


def test_a_lease_that_is_given_back_is_taken_at_once(world: World) -> None:
    a, b = world.candidate("a"), world.candidate("b")
    turn(a, b)
    asyncio.run(a.release())
    assert not a.still()
    turn(b)
    assert b.still()


def test_of_two_that_want_a_free_lease_one_gets_it(world: World) -> None:
    a, b = world.candidate("a"), world.candidate("b")
    turn(a, b)
    asyncio.run(a.release())

    async def at_once() -> None:
        await asyncio.gather(a.turn(), b.turn())

    asyncio.run(at_once())
    assert [a.still(), b.still()].count(True) == 1


def test_leadership_is_told_when_it_comes_and_when_it_goes(world: World) -> None:
    told: list[bool] = []
    a = world.candidate("a")
    a.changed = lambda: told.append(a.still())
    turn(a)
    world.now += 5
    turn(a)
    world.server.down = True
    world.now += 20
    turn(a)
    assert told == [True, False]


def test_how_often_the_lease_went_over_is_counted_in_it(world: World) -> None:
    a, b = world.candidate("a"), world.candidate("b")
    turn(a, b)
    asyncio.run(a.release())
    turn(b)
    assert world.server.lease
    assert world.server.lease["spec"]["leaseTransitions"] == 1
    assert world.server.lease["spec"]["holderIdentity"] == "b"


def test_a_follower_looks_at_the_moment_at_which_a_dead_leaders_lease_runs_out(world: World) -> None:
    a, b = world.candidate("a"), world.candidate("b")
    turn(a, b)
    waited = 0.0
    while not b.still():
        pause = b.pause()
        waited, world.now = waited + pause, world.now + pause
        turn(b)
    assert 15 <= waited <= 15.3


def test_a_follower_whose_look_fails_does_not_look_all_the_time(world: World) -> None:
    a, b = world.candidate("a"), world.candidate("b")
    turn(a, b)
    world.server.down = True
    world.now += 20
    turn(b)
    assert b.pause() > 1
