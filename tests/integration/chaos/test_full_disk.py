"""The disk fills up in the middle of a job: nothing half-published, a paragraph that says where, and the next run recovers."""

from pathlib import Path

import pytest

from integration.chaos.conftest import Chaos
from integration.chaos.world import FROM_PRODUCTION, JobFile, Reference, copied, seen_at_the_end, undisturbed
from support.nursery import Nursery
from support.small_disk import room_for, small_disk

WEIGHTS = "model.safetensors"
NEVER = 1_000_000


@pytest.fixture(scope="module")
def job(chaos: Chaos) -> JobFile:
    """A second job of the line that saves no checkpoints, so that the store only grows."""
    return chaos.world.write_job("large", FROM_PRODUCTION, rows=550, seed=9, checkpoint_steps=NEVER)


@pytest.fixture(scope="module")
def reference(chaos: Chaos, job: JobFile, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    nursery = chaos.nurseries.get()
    store = copied(chaos.references["first"].store, tmp_path_factory.mktemp("large") / "store")
    try:
        return undisturbed(nursery, job, store)
    finally:
        chaos.nurseries.put(nursery)


@pytest.mark.parametrize(
    ("folder", "step"),
    [pytest.param("/train/", "train", id="train cannot store its model"), pytest.param("/versions/2/", "publish", id="publish")],
)
def test_a_full_disk_publishes_nothing_and_the_next_run_recovers(
    folder: str, step: str, chaos: Chaos, job: JobFile, reference: Reference, quiet_nursery: Nursery, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", room_up_to(folder, chaos, reference)) as disk:
        store = copied(chaos.references["first"].store, disk.folder / "store")
        release = (store / "search/line/release.json").read_bytes()
        failed = job.start(quiet_nursery, store)
        assert failed.wait() == 1
        told = failed.err.splitlines()[-1]
        assert told.startswith(f"embtune: {step}: it failed: There is no room left for search/")
        assert folder in told
        assert f"in the store {store} (No space left on device)" in told
        assert "run the same command again" in told
        assert versions(quiet_nursery, store) == ["v1"]
        assert (store / "search/line/release.json").read_bytes() == release
        disk.grow(1 << 30)
        again = job.start(quiet_nursery, store)
        assert again.wait() == 0, again.err
        assert seen_at_the_end(again, store) == reference.projection
        assert versions(quiet_nursery, store) == ["v1", "v2"]


def room_up_to(folder: str, chaos: Chaos, reference: Reference) -> int:
    """Bytes that hold everything before the weights below `folder`, and half of these."""
    champion = chaos.references["first"].store
    keys = [step.change.key for step in reference.steps]
    weights = next(key for key in keys if folder in key and key.endswith(WEIGHTS))
    before = {reference.store / key for key in keys[: keys.index(weights)]}
    there = {reference.store / file.relative_to(champion) for file in champion.rglob("*") if file.is_file()}
    return room_for([file for file in before | there if file.exists()]) + (reference.store / weights).stat().st_size // 2


def versions(nursery: Nursery, store: Path) -> list[str]:
    """What `embtune versions` lists."""
    run = nursery.embtune("versions", "line", "--namespace", "search", "--store", str(store))
    assert run.wait() == 0, run.err
    return [line.split()[0] for line in run.out.splitlines()[1:]]
