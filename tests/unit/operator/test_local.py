"""Local processes: they end with their parent, and the warm process is told what to do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from embtune_api.requests import TrainRequest
from embtune_api.status import FineTuneJobStatus, Phase
from embtune_operator.cluster import Child
from embtune_operator.local.cluster import LocalCluster
from embtune_operator.local.drive import Interrupted, Interrupts, stop
from embtune_operator.local.lock import only_run
from embtune_operator.local.warm import LEASH, WarmHandle, WarmProcess
from factories import a_job

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the leash is a feature of the Linux kernel")

ECHO = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("step") == "die":
        sys.exit(1)
    if "signal" in message or message["step"] == "train":
        print(json.dumps({"id": message["id"], "exit": message.get("signal", 0)}), flush=True)
"""
"""Answers a train at once, any other step when it is sent a signal."""


@linux_only
def test_a_leashed_process_ends_when_its_parent_is_killed() -> None:
    inner = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, {str(LEASH)!r}, str(os.getpid()), "/bin/sleep", "60"])
print(child.pid, flush=True)
child.wait()
"""
    with subprocess.Popen([sys.executable, "-c", inner], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        for _ in range(100):
            if child.name() == "sleep":
                break
            time.sleep(0.05)
        parent.kill()
    with contextlib.suppress(psutil.NoSuchProcess):
        child.wait(timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@linux_only
def test_a_process_whose_parent_is_gone_already_does_not_begin() -> None:
    ended = subprocess.run([sys.executable, LEASH, "1", "/bin/echo", "too late"], stdout=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stdout) == (1, b"")


def a_warm_process() -> WarmHandle:
    process = subprocess.Popen([sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    pipes = os.dup(process.stdin.fileno()), os.dup(process.stdout.fileno())
    process.stdin.close()
    process.stdout.close()
    return WarmHandle(process.pid, *pipes, wait=process.wait)


def test_steps_of_the_warm_process_end_with_their_exit_codes(tmp_path: Path) -> None:
    async def story() -> list[int]:
        warm = WarmProcess(a_warm_process())
        first = await warm.run("one", "train", tmp_path, tmp_path, tmp_path)
        second = asyncio.create_task(warm.run("two", "evaluate", tmp_path, tmp_path, tmp_path))
        await asyncio.sleep(0.1)
        warm.signal("two", signal.SIGTERM)
        codes = [first, await second, await warm.run("three", "die", tmp_path, tmp_path, tmp_path)]
        codes.append(await warm.run("four", "train", tmp_path, tmp_path, tmp_path))
        await warm.close()
        return codes

    assert asyncio.run(story()) == [0, signal.SIGTERM, -signal.SIGKILL, -signal.SIGKILL]


def test_a_warm_process_that_was_not_needed_is_not_waited_for() -> None:
    async def story() -> int:
        handle = a_warm_process()
        warm = WarmProcess(handle)
        await warm.close()
        return handle.pid

    assert not psutil.pid_exists(asyncio.run(story()))


def test_what_a_killed_run_left_is_gone_after_the_next_start_and_nothing_of_a_live_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed = """
import asyncio, os, signal
from embtune_operator.local.lock import only_run
from factories import a_job
async def story():
    async with only_run(a_job(uid="killed"), "memory://", print) as scratch:
        (scratch / "log").write_text("x")
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(story())
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", killed], env=environment, check=False).returncode == -signal.SIGKILL
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == 2, "a lock and a folder"

    async def story() -> None:
        async with only_run(a_job(uid="alive"), "memory://", print) as alive:
            assert alive.is_dir()
            (alive / "log").write_text("x")
            async with only_run(a_job(uid="another"), "memory://", print) as another:
                assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == sorted({alive.name, another.name})
                assert (alive / "log").exists()

    asyncio.run(story())
    assert list(tmp_path.iterdir()) == []


def test_the_same_job_starts_with_an_empty_scratch_folder_after_it_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def scratch_of() -> Path:
        async with only_run(a_job(), "memory://", print) as scratch:
            return scratch

    scratch = asyncio.run(scratch_of())
    scratch.mkdir()  # its lock is gone, whatever happened
    (scratch / "old").write_text("x")

    async def again() -> list[Path]:
        async with only_run(a_job(), "memory://", print) as folder:
            return list(folder.iterdir())

    assert asyncio.run(again()) == []


def test_one_machine_runs_the_processes_of_every_node(tmp_path: Path) -> None:
    job = a_job()
    runtime = job.spec.runtime.model_copy(update={"nodes": 3})
    job = job.model_copy(update={"spec": job.spec.model_copy(update={"runtime": runtime})})
    partial: Any = TrainRequest.model_construct
    request = partial(step="train", digest="d", processes=2)

    async def story() -> None:
        cluster = LocalCluster(tmp_path, lambda _: None, lambda _: None, lambda _: a_warm_process())
        await cluster.create(job, Child("t-1", 1, request))
        await cluster.close()

    asyncio.run(story())
    assert json.loads((tmp_path / "t-1.json").read_text())["processes"] == 6


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        pytest.param("Training", "saving a checkpoint, then stopping; Ctrl-C again ends now", id="in training"),
        pytest.param("Evaluating", "stopping; Ctrl-C again ends now", id="elsewhere"),
    ],
)
def test_ctrl_c_is_answered_before_anything_is_waited_for(tmp_path: Path, phase: Phase, told: str) -> None:
    heard: list[str] = []

    async def story() -> None:
        interrupts = Interrupts()
        cluster = LocalCluster(tmp_path, lambda _: interrupts.note(), lambda event: heard.append(event.message))
        job = a_job()
        job = job.model_copy(update={"status": FineTuneJobStatus(phase=phase)})
        await stop(job, cluster, interrupts)

    with pytest.raises(Interrupted):
        asyncio.run(story())
    assert heard == [told]


def test_the_second_run_of_a_job_waits_for_the_first() -> None:
    job = a_job(uid=f"lock-{os.getpid()}")
    order: list[str] = []

    async def first(started: asyncio.Event) -> None:
        async with only_run(job, "memory://", order.append):
            started.set()
            await asyncio.sleep(0.2)
            order.append("first is done")

    async def second(started: asyncio.Event) -> None:
        await started.wait()
        async with only_run(job, "memory://", order.append):
            order.append("second")

    async def both() -> None:
        started = asyncio.Event()
        await asyncio.gather(first(started), second(started))

    asyncio.run(both())
    assert order == ["another embtune run is at work on this job: waiting for it", "first is done", "second"]
