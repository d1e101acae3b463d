"""The champion changes while a job is being judged: the job is judged again, and never promoted on the old evidence."""

import subprocess
from pathlib import Path

import pytest

from support.command import Told, command_line, embtune, environment
from support.jobs import MODEL, NAMESPACE, write_job
from support.processes import kill_tree, wait_until
from support.stored import StoredLine, read_json
from support.whole_runs import Finished


@pytest.fixture(scope="module")
def job(bench: Path) -> Path:
    gates = [{"metric": "test/ndcg@10", "minDelta": -0.9, "against": "Production"}]
    return write_job(bench, "third", ["first.jsonl"], gates=gates, training={"seed": 23, "epochs": 1})


@pytest.fixture(scope="module")
def line(second: Finished, job: Path, tmp_path_factory: pytest.TempPathFactory) -> StoredLine:
    """Version 2 is in production, and a third job was killed when its evaluation against it was just done."""
    import shutil

    store = shutil.copytree(second.store, tmp_path_factory.mktemp("changed") / "store")
    run = subprocess.Popen(
        command_line("run", job, "--store", store),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: evaluations(store) or run.poll() is not None, seconds=180, or_say="it was never evaluated")
    finally:
        kill_tree(run.pid)
        run.wait()
    assert len(evaluations(store)) == 1
    return StoredLine(store, NAMESPACE, MODEL)


def evaluations(store: Path) -> list[Path]:
    return list((store / NAMESPACE / "jobs" / "third").glob("*/evaluate/*/manifest.json"))


def promote_by_hand(line: StoredLine, number: int) -> None:
    wish = ("promote", f"{MODEL}@{number}", "--reason", f"v{number} by hand")
    embtune(*wish, "--store", line.store, "--namespace", NAMESPACE).ended(0)


def run_again(line: StoredLine, job: Path) -> Told:
    return embtune("run", job, "--store", line.store).ended(0)


def test_between_the_evaluation_and_the_verdict(line: StoredLine, job: Path, second: Finished) -> None:
    assert line.release == second.line.release
    assert not line.version(3).exists()
    promote_by_hand(line, 1)
    told = run_again(line, job)
    assert "over production v1" in told.out
    assert "production v2" not in told.out
    assert "train started" not in told.err, "only what depends on the champion is done again"
    assert "evaluate started" in told.err
    assert len(evaluations(line.store)) == 2
    evaluation = read_json(line.version(3) / "evaluation.json")
    assert evaluation["champion_version"] == 1
    assert evaluation["champion"] == read_json(line.version(1) / "evaluation.json")["candidate"]
    release = read_json(line.root / "release.json")
    assert (release["production"]["version"], release["previous"]["version"]) == (3, 1)


def test_between_the_publication_and_the_release(line: StoredLine, job: Path) -> None:
    """The store as it was the moment before the swap of the test above, and then somebody promotes version 2."""
    (line.root / "history" / "4.json").unlink()
    (line.root / "release.json").write_bytes((line.root / "history" / "3.json").read_bytes())
    (result,) = (line.store / NAMESPACE / "jobs" / "third").glob("*/result.json")
    result.unlink()
    promote_by_hand(line, 2)
    told = run_again(line, job)
    assert "over production v2" in told.out
    assert "production v1" not in told.out
    release = read_json(line.root / "release.json")
    assert (release["seq"], release["production"]["version"], release["previous"]["version"]) == (5, 3, 2)
    assert not line.version(4).exists(), "a job publishes one version"
    assert [path.name for path in (line.version(3) / "verdicts").iterdir()] == ["1.json"]
    assert not (line.version(2) / "verdicts").exists(), "it was judged once"
    shown = embtune("show", f"{MODEL}@3", "--store", line.store, "--namespace", NAMESPACE).ended(0)
    assert "champion v2" in shown.out
    assert "Judged again" in shown.out
