"""The queue: once each, one at a time, in time, and fair."""

from dataclasses import dataclass

import pytest

from embtune_operator.service.queue import LONGEST_BACKOFF, Key, Queue


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue:
    return Queue(clock, spread=lambda: 1.0)


A, B = Key("FineTuneJob", "search", "a"), Key("FineTuneJob", "search", "b")
VERSION = Key("ModelVersion", "search", "v1")


def taken(queue: Queue) -> Key | None:
    found = queue.take()
    return found.key if found else None


def test_a_key_that_was_added_twice_is_given_out_once(queue: Queue) -> None:
    queue.add(A)
    queue.add(A)
    assert taken(queue) == A
    queue.done(A)
    assert taken(queue) is None


def test_a_key_is_never_given_out_twice_at_a_time_and_again_when_it_was_added_meanwhile(queue: Queue) -> None:
    queue.add(A)
    assert taken(queue) == A
    queue.add(A)
    assert taken(queue) is None
    queue.done(A)
    assert taken(queue) == A


def test_a_key_whose_time_comes_while_it_is_worked_on_waits_for_the_end(queue: Queue, clock: Clock) -> None:
    queue.add(A)
    assert taken(queue) == A
    queue.add_after(A, 5)
    clock.now += 6
    assert taken(queue) is None
    queue.done(A)
    assert taken(queue) == A


def test_the_earliest_of_several_times_counts(queue: Queue, clock: Clock) -> None:
    queue.add_after(A, 10)
    queue.add_after(A, 5)
    queue.add_after(A, 20)
    assert queue.next_at() == clock.now + 5
    clock.now += 4.9
    assert taken(queue) is None
    clock.now += 0.1
    assert taken(queue) == A
    queue.done(A)
    assert queue.next_at() is None


def test_a_pass_that_begins_earlier_than_planned_takes_the_place_of_the_planned_one(queue: Queue, clock: Clock) -> None:
    queue.add_after(A, 10)
    queue.add(A)
    assert taken(queue) == A
    queue.done(A, again_after=60)
    assert queue.next_at() == clock.now + 60


def test_kinds_take_turns(queue: Queue) -> None:
    jobs = [Key("FineTuneJob", "search", f"job-{n}") for n in range(100)]
    for job in jobs:
        queue.add(job)
    queue.add(VERSION)
    assert VERSION in {taken(queue), taken(queue)}


def test_a_failure_is_tried_again_later_and_later_but_never_later_than_five_minutes(queue: Queue, clock: Clock) -> None:
    pauses = []
    queue.add(A)
    for _ in range(12):
        assert taken(queue) == A
        queue.add(A)  # an event during the pass does not make it try again at once
        pauses.append(queue.failed(A))
        clock.now += pauses[-1] - 0.01
        assert taken(queue) is None
        clock.now += 0.01
    assert pauses[:4] == [1, 2, 4, 8]
    assert pauses[-1] == LONGEST_BACKOFF


def test_a_success_ends_the_back_off(queue: Queue, clock: Clock) -> None:
    queue.add(A)
    for _ in range(3):
        taken(queue)
        clock.now += queue.failed(A)
    taken(queue)
    queue.done(A)
    queue.add(A)
    taken(queue)
    assert queue.failed(A) == 1


def test_failures_at_one_moment_do_not_come_back_at_one_moment() -> None:
    draws = iter([0.0, 1.0])
    queue = Queue(lambda: 0.0, spread=lambda: next(draws))
    for key in (A, B):
        queue.add(key)
        taken(queue)
    assert queue.failed(A) != queue.failed(B)


def test_what_is_forgotten_is_neither_due_nor_planned(queue: Queue, clock: Clock) -> None:
    queue.add(A)
    queue.add_after(B, 1)
    queue.forget(A)
    queue.forget(B)
    clock.now += 2
    assert taken(queue) is None
    assert queue.next_at() is None


def test_a_cleared_queue_keeps_only_what_is_being_worked_on(queue: Queue, clock: Clock) -> None:
    queue.add(A)
    assert taken(queue) == A
    queue.add(A)
    queue.add(B)
    queue.add_after(VERSION, 1)
    queue.clear()
    queue.done(A)
    clock.now += 2
    assert taken(queue) is None


def test_it_says_how_much_is_due_and_how_much_is_planned(queue: Queue) -> None:
    queue.add(A)
    queue.add(VERSION)
    queue.add_after(B, 1)
    assert queue.depth() == {"FineTuneJob": 1, "ModelVersion": 1}
    assert queue.waiting() == {"FineTuneJob": 1}


def test_how_long_a_key_was_due_is_told(queue: Queue, clock: Clock) -> None:
    queue.add(A)
    clock.now += 3
    found = queue.take()
    assert found is not None
    assert found.waited == 3


def test_changing_plans_for_ever_does_not_fill_the_memory(queue: Queue) -> None:
    for step in range(10_000):
        queue.add_after(A, 10_000 - step)
    assert len(queue._heap) < 200


def test_it_says_when_the_next_thing_to_do_may_have_changed(clock: Clock) -> None:
    told: list[float] = []
    queue = Queue(clock, changed=lambda: told.append(clock.now))
    queue.add_after(A, 5)
    queue.add_after(A, 9)
    assert len(told) == 1
    queue.add(A)
    assert len(told) == 2
