"""A training on two nodes: two `embtune-trainer train` processes that meet on the loopback, each as a pod would run it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from embtune_api.errors import Exit
from embtune_api.requests import Control
from embtune_store import documents
from servers.processes import free_port
from support.processes import tree, wait_until
from support.trainer import TrainingRun, Warm, a_training

from .test_training import RECIPE, run_to_the_end

BOUND = 120.0
"""Seconds in which a node must have ended after another one did."""


@dataclass(frozen=True)
class Node:
    process: subprocess.Popen[bytes]
    log: Path
    message_file: Path
    metrics_port: int

    def wait(self, seconds: float = BOUND) -> int:
        return self.process.wait(seconds)

    @property
    def message(self) -> str:
        return self.message_file.read_text()

    @property
    def step(self) -> psutil.Process:
        """What the container's runtime sends signals to: what `unshare` started, or the process itself."""
        started = psutil.Process(self.process.pid)
        return started.children()[0] if started.name() == "unshare" else started


@contextmanager
def two_nodes(training: TrainingRun, folder: Path, *, in_containers: bool = False) -> Iterator[list[Node]]:
    """`in_containers`: each is PID 1 of its own."""
    request = folder / "request.json"
    request.write_text(training.request.model_dump_json())
    port, nodes = free_port(), []
    with ExitStack() as stack:
        for rank in range(2):
            node = start(request, folder / f"node-{rank}", rank, port, in_containers)
            stack.callback(end, node)
            nodes.append(node)
        yield nodes


def start(request: Path, folder: Path, rank: int, port: int, in_container: bool) -> Node:
    folder.mkdir()
    metrics_port = free_port()
    environ = os.environ | {
        "PET_NNODES": "2",
        "PET_NODE_RANK": str(rank),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
        "EMBTUNE_METRICS_PORT": str(metrics_port),
        "EMBTUNE_TERMINATION_LOG": str(folder / "message"),
    }
    command = [sys.executable, "-m", "embtune_trainer", "train", "--request", str(request)]
    if in_container:
        command = ["unshare", "--pid", "--mount-proc", "--fork", "--kill-child", *command]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    return Node(process, folder / "log", folder / "message", metrics_port)


def end(node: Node) -> None:
    for process in tree(node.process.pid)[::-1]:
        process.kill()
    node.process.wait()


def wait_until_it_trains(training: TrainingRun, nodes: list[Node]) -> None:
    def trains() -> bool:
        assert all(node.process.poll() is None for node in nodes), "".join(node.log.read_text() for node in nodes)
        return training.has_begun()

    wait_until(trains, seconds=400, every=0.05, or_say="it never trained")


def test_two_nodes_train_like_one(warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"dropout": 0.0})
    runs = [a_training(tmp_path / name, tiny_model, pairs, recipe, processes=n) for name, n in (("one", 2), ("two", 1))]
    run_to_the_end(warm, runs[0])
    with two_nodes(runs[1], tmp_path) as nodes:
        assert [node.wait(400) for node in nodes] == [Exit.OK, Exit.OK], nodes[0].log.read_text()
    assert [run.report.processes for run in runs] == [2, 2]
    assert runs[0].weights_sha256 == runs[1].weights_sha256


def test_when_a_node_is_lost_the_other_ends_and_says_so(tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path) -> None:
    training = a_training(tmp_path / "store", tiny_model, pairs, RECIPE.model_copy(update={"epochs": 100}))
    with two_nodes(training, tmp_path) as nodes:
        wait_until_it_trains(training, nodes)
        end(nodes[1])
        assert nodes[0].wait() == Exit.FAILED
        assert "node 0 of 2 lost the other nodes" in nodes[0].message
        assert "continues from the last checkpoint" in nodes[0].message
        assert not nodes[1].message_file.exists()


@pytest.mark.skipif(not shutil.which("unshare") or os.geteuid() != 0, reason="needs root and unshare")
@pytest.mark.parametrize("told", [0, 1])
def test_one_node_gets_the_signal_and_both_save_and_stop(
    tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path, told: int
) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 100, "checkpoint_steps": 1_000_000})
    training = a_training(tmp_path / "store", tiny_model, pairs, recipe)
    with two_nodes(training, tmp_path, in_containers=True) as nodes:
        wait_until_it_trains(training, nodes)
        seen = scraped(nodes[0])
        nodes[told].step.send_signal(signal.SIGTERM)
        assert [node.wait() for node in nodes] == [Exit.STOPPED, Exit.STOPPED], nodes[0].log.read_text()
        assert all("saved" in node.message for node in nodes)
    saved = [stored.key for stored in training.store.list(training.keys.checkpoints) if stored.key.endswith("manifest.json")]
    assert len(saved) == 1, "one checkpoint, of the moment it was stopped"
    assert seen["embtune_training_steps"] == 1500
    assert seen["embtune_training_step"] >= 1
    assert 0 < seen["embtune_training_loss"] < 10
    assert seen["embtune_training_gradient_norm"] > 0
    assert seen["embtune_training_samples_per_second"] > 0
    assert seen['embtune_training_memory_bytes{device="cpu"}'] > 50e6
    assert set(seen) == {
        *(f"embtune_training_{name}" for name in ("loss", "learning_rate", "gradient_norm", "samples_per_second")),
        *(f"embtune_training_{name}" for name in ("step", "steps", "epoch")),
        'embtune_training_memory_bytes{device="cpu"}',
    }


def scraped(node: Node) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{node.metrics_port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)}


def test_control_is_seen_by_the_first_rank_and_obeyed_by_all(
    tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path
) -> None:
    training = a_training(tmp_path / "store", tiny_model, pairs, RECIPE.model_copy(update={"epochs": 100}))
    with two_nodes(training, tmp_path) as nodes:
        wait_until_it_trains(training, nodes)
        documents.put(training.store, training.keys.control, Control(action="checkpoint-and-stop"))
        assert [node.wait() for node in nodes] == [Exit.STOPPED, Exit.STOPPED], nodes[0].log.read_text()


@pytest.mark.skipif(not shutil.which("unshare") or os.geteuid() != 0, reason="needs root and unshare")
def test_pid_1_ends_at_a_signal_even_while_it_waits_for_a_node_that_never_comes(
    tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path
) -> None:
    training = a_training(tmp_path / "store", tiny_model, pairs, RECIPE)
    request = tmp_path / "request.json"
    request.write_text(training.request.model_dump_json())
    node = start(request, tmp_path / "node-1", 1, free_port(), in_container=True)
    try:
        wait_until(lambda: "waits for node 0" in node.log.read_text(), 120, 0.05)
        began = time.monotonic()
        node.step.send_signal(signal.SIGTERM)
        assert node.wait() == 128 + signal.SIGTERM
        assert time.monotonic() - began < 10
    finally:
        end(node)
