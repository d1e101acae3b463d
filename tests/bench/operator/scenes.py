"""The scenes: what is done to a contestant, and what is read off it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from math import ceil
from random import Random

from bench.operator.audit import Audit
from bench.operator.contestants import Contestant, Running
from bench.operator.stage import Stage, stage
from support.simulated_node import simulated_node

STEP_SECONDS = (15.0, 45.0)
"""How long a step of a running job takes: between these, evenly spread. Real ones take minutes to hours."""
Figures = dict[str, float]
QUANTILE = 0.99


def running_jobs(contestant: Contestant, jobs: int) -> Figures:
    """Jobs that run at the same time, each through all of its steps."""
    draw = Random(7)
    takes = partial(draw.uniform, *STEP_SECONDS)
    with stage() as at, contestant.run(at) as process, simulated_node(at.node(takes=takes)) as node:
        at.submit(jobs)
        until(900, lambda: len(node.completed) == 4 * jobs, process)
        until(60, lambda: finished(at) == jobs, process)
        time.sleep(5)  # what is shown afterwards is written too
        audit = Audit.of(at.plane)
        waits = sorted(audit.waits_for_next_child())
        assert len(waits) == 3 * jobs, (len(waits), jobs)
        return {
            "wait_p50": waits[len(waits) // 2],
            "wait_p99": waits[ceil(QUANTILE * len(waits)) - 1],
            "wait_max": waits[-1],
            "writes": len(audit.writes_of_contestant()) / jobs,
            "cpu": process.cpu_seconds() / jobs,
        }


def burst(contestant: Contestant, jobs: int) -> Figures:
    """Submissions at once: until each has its first child, and until each tells so in its status."""
    with stage() as at, contestant.run(at) as process, simulated_node(at.node("prepare")) as node:
        used = process.cpu_seconds()
        at.submit(jobs)
        until(600, lambda: len(node.created) == jobs, process)
        until(600, lambda: len(Audit.of(at.plane).told()) == jobs, process)
        cost = 1000 * (process.cpu_seconds() - used) / jobs
        audit = Audit.of(at.plane)
        told = (max(audit.told().values()) - min(audit.made("finetunejobs").values())).total_seconds()
        return {**arrivals(audit, "finetunejobs", "jobs"), "told": told, "first_cpu": cost}


def arrivals(audit: Audit, submitted: str, made: str) -> Figures:
    """How fast what was submitted got its first object: from the first submission to the last one made."""
    asked, got = audit.made(submitted), audit.made(made)
    seconds = (max(got.values()) - min(asked.values())).total_seconds()
    return {"rate": len(asked) / seconds, "seconds": seconds, "accepted": len(asked) / span(list(asked.values()))}


def span(moments: list[datetime]) -> float:
    return (max(moments) - min(moments)).total_seconds()


def restart(contestant: Contestant, resources: int, working: int) -> Figures:
    """It comes back to many resources, and to jobs whose step has ended while it was away."""
    with stage() as at:
        with contestant.run(at) as process, simulated_node(at.node()):
            at.submit(1, "first")
            until(60, lambda: finished(at) == 1, process)
            time.sleep(2)  # its version is shown
        at.finished(*shares(contestant, resources - working))
        node = at.node("prepare", "train")
        with simulated_node(node):
            with contestant.run(at) as process:
                at.submit(working)
                until(120, lambda: len(node.running) == working, process)
            node.release("prepare")
            until(120, lambda: len(node.completed) == working)
            time.sleep(1)
            began = datetime.now(UTC)
            with contestant.run(at) as process:
                until(300, lambda: sum(step == "train" for step in node.steps.values()) >= working, process)
                time.sleep(5)  # the rest of the listing
                megabytes = process.megabytes()
        made = Audit.of(at.plane).since(began).made("jobs")
        return {"caught_up": (max(made.values()) - began).total_seconds(), "megabytes": megabytes}


def idle(contestant: Contestant, finished_jobs: int, seconds: float) -> Figures:
    """Nothing happens."""
    with stage() as at:
        with contestant.run(at) as process, simulated_node(at.node()):
            at.submit(1, "first")
            until(60, lambda: finished(at) == 1, process)
            time.sleep(2)
        at.finished(finished_jobs - 1, finished_jobs - 1)
        with contestant.run(at) as process:
            time.sleep(30)  # for it to see everything
            began, used, clock = datetime.now(UTC), process.cpu_seconds(), time.monotonic()
            time.sleep(seconds)
            share = (process.cpu_seconds() - used) / (time.monotonic() - clock)
            return {"idle_cpu": 100 * share, "idle_writes": len(Audit.of(at.plane).since(began).writes_of_contestant())}


def shares(contestant: Contestant, resources: int) -> tuple[int, int]:
    """How many of them are jobs, and versions."""
    return (resources // 2, resources // 2) if contestant.has_versions else (resources, 0)


def finished(at: Stage) -> int:
    return sum(phase == "Succeeded" for phase in at.cluster.phases().values())


def until(seconds: float, true: Callable[[], bool], process: Running | None = None) -> None:
    """Look twice a second; RuntimeError when the time is over."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds:.0f} s\n{process.log.read_text()[-3000:] if process else ''}")
        time.sleep(0.5)
