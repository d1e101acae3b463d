"""The command line: what it prints, and its exit codes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from embtune_api.keys import LineKeys
from embtune_operator.cli import main
from embtune_operator.cluster import MemoryCluster
from embtune_operator.identity import with_local_uid
from embtune_operator.jobfile import load_job
from embtune_operator.pipeline.reconcile import reconcile
from embtune_operator.registry.release import promote
from embtune_store import open_store
from factories import METRIC, NOON, PretendTrainer, publish_version, settings

LINE = LineKeys("search", "shop")
JOB = """\
apiVersion: embtune.dev/v1alpha1
kind: FineTuneJob
metadata: {name: shop-1, namespace: search}
spec:
  model: shop
  baseModel: {uri: "hf://a/b"}
  data: {train: [{uri: train.jsonl}]}
  promotion: {gates: [{metric: "test/ndcg@10", min: FLOOR}]}
"""
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Run `embtune …` in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EMBTUNE_STORE", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["embtune", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    return run


@pytest.fixture
def registry(tmp_path: Path) -> str:
    """A store with version 1 in production and version 2 rejected."""
    store = open_store(str(tmp_path / "embtune-store"))
    publish_version(store, LINE, 1)
    publish_version(store, LINE, 2, "Rejected")
    promote(store, LINE, 1, "the first", NOON)
    return "search"


def finished(folder: Path, floor: float) -> Path:
    """The file of a job that ran to its end."""
    (folder / "train.jsonl").write_text("{}")
    file = folder / "job.yaml"
    file.write_text(JOB.replace("FLOOR", str(floor)))
    job = with_local_uid(load_job(file), folder)
    store, cluster = open_store(str(folder / "embtune-store")), MemoryCluster()
    trainer = PretendTrainer(store)
    while True:
        decision = asyncio.run(reconcile(job, settings(), cluster, store, lambda: datetime.now(UTC)))
        job = job.model_copy(update={"status": decision.status})
        if decision.requeue_after is None:
            return file
        for child in decision.create:
            trainer.work(child.request)
            cluster.end(child.name, 0)


def test_validate_tells_faults_and_the_good_files(call: Call, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(JOB.replace("FLOOR", "0.5"))
    (tmp_path / "bad.yaml").write_text(JOB.replace("FLOOR", "high"))
    code, out, err = call("validate", "good.yaml", "bad.yaml")
    assert (code, out) == (2, "good.yaml: shop-1 ✓\n")
    assert err == "bad.yaml:8: spec.promotion.gates[0].min: expected a number, got 'high'\n"


def test_a_missing_data_file_is_told_before_anything_starts(call: Call, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(JOB.replace("FLOOR", "0.5"))
    code, out, err = call("run", "job.yaml")
    assert (code, out) == (2, "")
    assert err.startswith("embtune: spec.data.train[0].uri train.jsonl: there is no such file")
    assert "Traceback" not in err
    assert not (tmp_path / "embtune-store").exists()


@pytest.mark.parametrize(
    ("floor", "code", "told"),
    [
        pytest.param(0.5, 0, "shop v1 is in production", id="promoted: exit code 0"),
        pytest.param(0.9, 3, "shop v1 is kept; production is unchanged", id="rejected: exit code 3"),
    ],
)
def test_a_finished_job_does_no_work_and_says_so(call: Call, tmp_path: Path, floor: float, code: int, told: str) -> None:
    finished(tmp_path, floor)
    got, out, err = call("run", "job.yaml")
    assert got == code
    assert told in out
    assert "metric" in out
    assert "base" in out
    assert err.startswith("Nothing to do: shop-1 finished on ")


def test_json_prints_the_final_resource_alone(call: Call, tmp_path: Path) -> None:
    finished(tmp_path, 0.5)
    code, out, _ = call("run", "job.yaml", "--json")
    resource = json.loads(out)
    assert code == 0
    assert resource["status"]["phase"] == "Succeeded"
    assert resource["status"]["modelVersion"]["stage"] == "Production"
    assert resource["status"]["evaluation"]["candidate"] == {METRIC: 0.6}
    assert resource["spec"]["baseModel"] == {"uri": "hf://a/b"}


def test_changed_data_is_another_incarnation(tmp_path: Path) -> None:
    file = finished(tmp_path, 0.5)
    before = with_local_uid(load_job(file), tmp_path).metadata.uid
    (tmp_path / "train.jsonl").write_text("{}\n{}")
    assert with_local_uid(load_job(file), tmp_path).metadata.uid != before


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(["versions", "shop"], 0, "v2         Rejected", id="versions lists stages"),
        pytest.param(["show", "shop@production"], 0, "Verdict: Passed", id="show tells the verdict"),
        pytest.param(["show", "shop@9"], 2, "no version 9", id="show of a version that is not there"),
        pytest.param(["history", "shop"], 0, "the first", id="history gives reasons"),
        pytest.param(["verify", "shop@1"], 0, "3 files are as they were published", id="verify counts files"),
        pytest.param(["promote", "shop@2"], 2, "was rejected", id="a rejected version needs force"),
        pytest.param(["promote", "shop"], 2, "which version", id="promote wants a version"),
        pytest.param(["promote", "shop@2", "--force", "--reason", "why"], 0, "v2 is in production, before it v1", id="force"),
        pytest.param(["rollback", "shop"], 2, "no version before it", id="nothing to roll back to"),
        pytest.param(["pull", "shop@production", "model"], 0, "shop v1 is at model", id="pull says where"),
        pytest.param(["compare", "shop@1", "boat@1"], 2, "different exams", id="two models are not compared"),
        pytest.param(["versions", "boat"], 0, "has no versions", id="a model without versions"),
    ],
)
def test_registry_commands(call: Call, registry: str, arguments: list[str], code: int, told: str) -> None:
    got, out, err = call(*arguments, "--namespace", registry)
    assert got == code, err
    assert told in out + err


@pytest.mark.parametrize("command", ["versions shop", "show shop@1", "history shop", "verify shop@1", "promote shop@1"])
def test_registry_commands_speak_json(call: Call, registry: str, command: str) -> None:
    code, out, _ = call(*command.split(), "--namespace", registry, "--json")
    assert code == 0
    assert json.loads(out)


def test_help_teaches_by_example_and_lists_every_command(call: Call) -> None:
    code, out, _ = call("--help")
    assert code == 0
    for name in ("run", "validate", "versions", "show", "compare", "promote", "rollback", "pull", "verify", "history"):
        assert f"\n  {name} " in out
        code, about, _ = call(name, "--help")
        assert code == 0
        assert "Example" in about


def test_an_unknown_command_is_a_usage_error(call: Call) -> None:
    code, _, err = call("teleport")
    assert code == 2
    assert "No such command" in err


def test_a_bug_is_one_paragraph(call: Call, registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("ouch")

    monkeypatch.setattr("embtune_operator.registry.history.read_history", broken)
    code, _, err = call("history", "shop", "--namespace", registry)
    assert (code, "Traceback" in err) == (1, False)
    assert "RuntimeError: ouch. This is a bug" in err
    assert "Traceback" in call("history", "shop", "--namespace", registry, "--debug")[2]
