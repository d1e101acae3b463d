"""Ctrl-C in the middle of training: a checkpoint of that very step, no process left, and the same command continues."""

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil

from embtune_api.errors import Exit
from integration.chaos.conftest import Chaos
from integration.chaos.leftovers import training_of
from integration.chaos.world import FROM_OUTSIDE
from support.command import command_line, environment
from support.nursery import Nursery
from support.processes import tree, wait_until

NEVER = 1_000_000


def test_ctrl_c_saves_the_step_and_the_same_command_continues(chaos: Chaos, quiet_nursery: Nursery, tmp_path: Path) -> None:
    job = chaos.world.write_job("long", FROM_OUTSIDE, rows=500, epochs=12, checkpoint_steps=NEVER)
    store = tmp_path / "store"
    with (tmp_path / "err").open("wb") as err:
        command = subprocess.Popen(
            command_line("run", job.path, "--store", store),
            stdout=subprocess.DEVNULL,
            stderr=err,
            env=environment({"TMPDIR": str(tmp_path)}),
            start_new_session=True,
        )
    wait_until(lambda: training_of(store, job.keys).told >= 5 or command.poll() is not None, or_say="it never trained")
    members = tree(command.pid)
    told = training_of(store, job.keys).told
    os.killpg(command.pid, signal.SIGINT)
    assert command.wait(timeout=60) == Exit.INTERRUPTED
    said = (tmp_path / "err").read_text()
    assert said.splitlines()[-1] == ("embtune: long was interrupted; what is done is kept, and the same command continues.")
    assert len(members) >= 4, "embtune, the warm process, torchrun's agent and a worker"
    assert psutil.wait_procs(members, timeout=5)[1] == []

    saved = training_of(store, job.keys).saved
    assert saved is not None
    assert saved >= told
    again = job.start(quiet_nursery, store)
    assert again.wait() == 0, again.err
    keys = job.step(store, "train")
    assert keys is not None
    report = json.loads((store / keys.report).read_text())
    assert report["resumed_from_step"] == saved
    assert [point["step"] for point in report["curve"]] == list(range(1, report["total_steps"] + 1)), "no step is done twice"
