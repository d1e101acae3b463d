"""Two commands at once on one folder store."""

from pathlib import Path

import pytest

from embtune_operator.registry.history import read_history
from embtune_operator.registry.versions import version_numbers
from factories import transitions
from integration.chaos.conftest import Chaos
from integration.chaos.world import FROM_OUTSIDE, LINE, JobFile, opened, seen_at_the_end
from support.nursery import Nursery, Run
from support.processes import continue_all, stop_tree, wait_until
from support.turnstile import Turnstile


@pytest.mark.parametrize("machines", [1, 2], ids=["on one machine", "on two machines, which see the same folder"])
def test_the_same_job_twice_at_once_is_one_job(machines: int, chaos: Chaos, quiet_nursery: Nursery, tmp_path: Path) -> None:
    job, reference, store = chaos.world.first, chaos.references["first"], tmp_path / "store"
    runs = [job.start(quiet_nursery, store, tmp_path / f"machine{number % machines}") for number in range(2)]
    assert [run.wait() for run in runs] == [0, 0], [run.err for run in runs]
    for run in runs:
        assert seen_at_the_end(run, store) == reference.projection
    waited = ["another embtune run is at work on this job: waiting for it" in run.err for run in runs]
    assert sum(waited) == 2 - machines


@pytest.fixture
def jobs(chaos: Chaos) -> list[JobFile]:
    """Two jobs of one line, with data of their own."""
    return [chaos.world.write_job(name, FROM_OUTSIDE, rows=rows, seed=rows) for name, rows in (("one", 500), ("other", 540))]


def test_two_jobs_of_one_line_at_once_share_exam_numbers_and_history(
    jobs: list[JobFile], quiet_nursery: Nursery, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    runs = [job.start(quiet_nursery, store, tmp_path / job.path.stem) for job in jobs]
    assert_one_story(runs, store)


def test_a_job_that_is_overtaken_right_before_its_release_is_judged_again(
    jobs: list[JobFile], quiet_nursery: Nursery, tmp_path: Path
) -> None:
    store, (slow, fast) = tmp_path / "store", jobs
    with Turnstile(store) as turnstile:
        overtaken = slow.start(quiet_nursery, store)
        published = f"{slow.keys.root}/publish/"
        for change in turnstile.changes(lambda: overtaken.ended):
            if change.key.startswith(published) and change.key.endswith("/manifest.json"):
                wait_until(turnstile.somebody_waits)  # with the release that is to follow
                stopped = stop_tree(overtaken.pid)
                break
    overtaking = fast.start(quiet_nursery, store)
    assert overtaking.wait() == 0, overtaking.err
    continue_all(stopped)
    assert overtaken.wait() == 0, overtaken.err
    assert "somebody else changed the release of line at the same moment" in overtaken.err
    assert_one_story([overtaken, overtaking], store)


def assert_one_story(runs: list[Run], store: Path) -> None:
    """Both were promoted, one in the place of the other and for being better; nothing is told twice."""
    assert [run.wait() for run in runs] == [0, 0], [run.err for run in runs]
    seen = [seen_at_the_end(run, store) for run in runs]
    assert seen[0]["claimed numbers"] == ["1", "2"]
    assert version_numbers(opened(store), LINE) == [1, 2]
    history = read_history(opened(store), LINE)
    first, second = (release.transition.to_version for release in history)
    assert transitions(history) == [(1, "Promote", None, first), (2, "Promote", first, second)]
    assert len({release.transition.job_uid for release in history}) == 2
    verdicts = {end["job"]["version"][0]: end["job"]["verdict"] for end in seen}
    assert sorted(verdicts) == [1, 2]
    assert f"over production v{first}," in verdicts[second]["gates"][1]["line"]
