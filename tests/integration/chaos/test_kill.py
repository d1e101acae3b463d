"""`kill -9` of the whole process tree at seeded moments, then the same command again: as if nothing had happened.

    pytest tests/integration/chaos/test_kill.py                    all moments, and a table of where they landed
    pytest tests/integration/chaos/test_kill.py -k seed-17-        one of them alone

Half of the moments are drawn on the clock, within the measured length of a phase. The others are drawn among the writes
of a commit that takes several objects, and hit exactly (see `support.turnstile`).
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from embtune_api.reports import TrainingReport
from embtune_store import documents
from integration.chaos.conftest import AT_ONCE, Chaos
from integration.chaos.leftovers import Phase, Training, finished_work, half_done, phase_of, training_of
from integration.chaos.moments import AIMS, Moment, all_moments
from integration.chaos.world import CHECKPOINT_STEPS, LINE, JobFile, opened, seen_at_the_end
from support.nursery import Nursery
from support.projection import Projection
from support.turnstile import OURS

MOMENTS = all_moments()
KILLS = 6


@dataclass(frozen=True)
class Survival:
    """One killed run, and what the same command made of it."""

    moment: Moment
    exit_code: int
    """Of the killed run."""
    landed: Phase
    half_done: set[str]
    training: Training
    """As the kill left it."""
    nobody_left: bool
    code: int
    """Of the second run."""
    said: str
    projection: Projection | None
    changed: set[str]
    """Commits of the killed run that the second one has changed."""
    report: TrainingReport | None
    half_written: list[Path]
    """Files of the killed run that nobody needs, and that are still there."""
    nobody_left_at_the_end: bool


def survive(moment: Moment, chaos: Chaos, folder: Path) -> Survival:
    nursery = chaos.nurseries.get()
    try:
        return _survive(moment, chaos, nursery, folder)
    finally:
        nursery.clear()
        chaos.nurseries.put(nursery)


def _survive(moment: Moment, chaos: Chaos, nursery: Nursery, folder: Path) -> Survival:
    job, reference = chaos.jobs[moment.job], chaos.references[moment.job]
    for aim in range(AIMS):
        store = chaos.store_before(moment.job, folder / str(aim))
        killed = moment.kill(nursery, job, store, reference)
        exit_code, nobody_left = killed.wait(), nursery.is_empty()
        if moment.was_hit(store, job):
            break
    landed, half, training = phase_of(store, job.keys), half_done(store, job.keys, LINE), training_of(store, job.keys)
    committed = finished_work(store)
    again = job.start(nursery, store)
    code = again.wait()
    now = finished_work(store)
    return Survival(
        moment,
        exit_code,
        landed,
        half,
        training,
        nobody_left,
        code,
        again.err,
        seen_at_the_end(again, store) if code == 0 else None,
        {key for key, data in committed.items() if now.get(key) != data},
        training_report(store, job),
        half_written(store),
        nursery.is_empty(),
    )


def half_written(store: Path) -> list[Path]:
    return [path for path in (store / OURS).iterdir() if path.name != "lock"]


def training_report(store: Path, job: JobFile) -> TrainingReport | None:
    keys = job.step(store, "train")
    return documents.read(opened(store), keys.report, TrainingReport) if keys else None


@pytest.fixture(scope="module")
def survivals(
    request: pytest.FixtureRequest, chaos: Chaos, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Moment, "Future[Survival]"]]:
    """Every moment that was selected, as many at once as there are nurseries."""
    cases = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    selected: list[Moment] = [case.params["moment"] for case in cases if case]
    folder = tmp_path_factory.mktemp("killed")
    pool = ThreadPoolExecutor(AT_ONCE)
    yield {moment: pool.submit(survive, moment, chaos, folder / str(moment)) for moment in selected}
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_the_same_command_ends_as_if_nothing_had_happened(
    moment: Moment, chaos: Chaos, survivals: dict[Moment, "Future[Survival]"]
) -> None:
    survival = survivals[moment].result()
    assert moment.window is None or moment.window in survival.half_done, f"seed {moment.seed} missed its window"
    assert survival.nobody_left, "a process outlived kill -9"
    assert survival.code == 0, survival.said
    assert survival.projection == chaos.references[moment.job].projection
    assert survival.changed == set(), "what was committed was made again"
    assert_at_most_one_interval_is_redone(survival)
    assert survival.half_written == []
    assert survival.nobody_left_at_the_end


def assert_at_most_one_interval_is_redone(survival: Survival) -> None:
    assert survival.report is not None
    if survival.training.finished:
        return  # nothing is made again: see `changed`
    assert survival.report.resumed_from_step == survival.training.saved, "it did not go on from its newest checkpoint"
    assert survival.training.told - (survival.training.saved or 0) <= CHECKPOINT_STEPS


def test_a_job_that_is_killed_again_and_again_ends_all_the_same(chaos: Chaos, quiet_nursery: Nursery, tmp_path: Path) -> None:
    job, store, draw = chaos.world.first, tmp_path / "store", random.Random(7)
    lived = [draw.uniform(0.2, 3.0) for _ in range(KILLS)]
    for seconds in lived:
        run = job.start(quiet_nursery, store)
        time.sleep(seconds)
        run.kill()
        run.wait()
    last = job.start(quiet_nursery, store)
    assert last.wait() == 0, last.err
    assert seen_at_the_end(last, store) == chaos.references["first"].projection
    assert half_written(store) == []


def test_the_moments_lie_everywhere(survivals: dict[Moment, "Future[Survival]"], capsys: pytest.CaptureFixture[str]) -> None:
    ended = [future.result() for future in survivals.values()]
    with capsys.disabled():
        print("\n" + table(ended))  # noqa: T201
    if len(ended) < len(MOMENTS):
        pytest.skip("says something about all moments together only")
    landed = Counter(survival.landed for survival in ended if survival.exit_code == -9)
    half_done = [survival for survival in ended if survival.half_done]
    assert sum(landed.values()) >= 24
    assert min(landed[phase] for phase in ("prepare", "train", "evaluate", "publish", "release")) >= 2
    assert landed["train"] >= 4
    assert len(half_done) >= 8


def table(survivals: list[Survival]) -> str:
    """A line for each moment."""
    rows = [("moment", "landed in", "half done", "training: told, saved → resumed from")]
    for survival in survivals:
        resumed = survival.report.resumed_from_step if survival.report else None
        training = f"{survival.training.told}, {survival.training.saved} → {resumed}"
        rows.append((str(survival.moment), survival.landed, ", ".join(sorted(survival.half_done)), training))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
