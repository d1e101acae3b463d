"""Two commands at once on one folder store."""

from pathlib import Path

import pytest

from embtune_api.documents import Release
from embtune_operator.registry.history import read_history
from embtune_operator.registry.versions import version_numbers
from factories import transitions
from integration.chaos.conftest import Chaos
from integration.chaos.world import FROM_OUTSIDE, LINE, opened, seen_at_the_end
from support.nursery import Nursery


@pytest.mark.parametrize("machines", [1, 2], ids=["on one machine", "on two machines, which see the same folder"])
def test_the_same_job_twice_at_once_is_one_job(machines: int, chaos: Chaos, quiet_nursery: Nursery, tmp_path: Path) -> None:
    job, reference, store = chaos.world.first, chaos.references["first"], tmp_path / "store"
    runs = [job.start(quiet_nursery, store, tmp_path / f"machine{number % machines}") for number in range(2)]
    assert [run.wait() for run in runs] == [0, 0], [run.err for run in runs]
    for run in runs:
        assert seen_at_the_end(run, store) == reference.projection
    waited = ["another embtune run is at work on this job: waiting for it" in run.err for run in runs]
    assert sum(waited) == 2 - machines


def test_two_jobs_of_one_line_at_once_share_exam_numbers_and_history(
    chaos: Chaos, quiet_nursery: Nursery, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    jobs = [chaos.world.write_job(name, FROM_OUTSIDE, rows=rows, seed=rows) for name, rows in (("one", 500), ("other", 540))]
    runs = [job.start(quiet_nursery, store, tmp_path / job.path.stem) for job in jobs]
    assert [run.wait() for run in runs] == [0, 0], [run.err for run in runs]
    seen = [seen_at_the_end(run, store) for run in runs]
    assert seen[0]["claimed numbers"] == seen[1]["claimed numbers"] == ["1", "2"]
    assert sorted(end["job"]["version"][0] for end in seen) == [1, 2]
    assert version_numbers(opened(store), LINE) == [1, 2]
    assert_one_story(read_history(opened(store), LINE))


def assert_one_story(history: list[Release]) -> None:
    """Both were promoted, each in the place of what the other left; nothing is told twice."""
    first, second = history[0].transition.to_version, 3 - history[0].transition.to_version
    assert transitions(history) == [(1, "Promote", None, first), (2, "Promote", first, second)]
    assert len({release.transition.job_uid for release in history}) == 2
