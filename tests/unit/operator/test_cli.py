"""The command line: what it prints, and its exit codes."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from embtune_api.candidates import Candidate, CandidateBase
from embtune_api.documents.publish import Rejudgement
from embtune_api.keys import LineKeys
from embtune_api.verdict import Verdict
from embtune_operator.cli import main
from embtune_operator.cluster import MemoryCluster
from embtune_operator.identity import with_local_uid
from embtune_operator.jobfile import load_job
from embtune_operator.pipeline.reconcile import reconcile
from embtune_operator.pipeline.surroundings import Surroundings
from embtune_operator.registry.judgements import last_judgement
from embtune_operator.registry.release import promote, rollback
from embtune_store import Store, documents, open_store
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
        decision = asyncio.run(reconcile(job, Surroundings(settings(), cluster, store, lambda: datetime.now(UTC))))
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


def test_a_job_that_is_suspended_says_how_to_go_on(call: Call, tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("{}")
    (tmp_path / "job.yaml").write_text(JOB.replace("FLOOR", "0.5") + "  suspend: true\n")
    code, out, err = call("run", "job.yaml")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        "embtune: shop-1 is suspended, so nothing runs: stopped before prepare; set spec.suspend to false to go on"
    )


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


def test_a_finished_job_says_what_it_looked_at(call: Call, tmp_path: Path) -> None:
    finished(tmp_path, 0.5)
    _, _, err = call("run", "job.yaml")
    assert "neither the job nor its local files have changed since" in err
    assert "hf://a/b was resolved then and is not looked at again: a new metadata.name makes a new job." in err


def overtaken(store: Store) -> None:
    """Version 2 takes the place of version 1."""
    publish_version(store, LINE, 2)
    promote(store, LINE, 2, "", NOON)


def taken_back(store: Store) -> None:
    """Version 1 takes its place again, and is rolled back."""
    overtaken(store)
    promote(store, LINE, 1, "", NOON)
    rollback(store, LINE, "bad", NOON)


@pytest.mark.parametrize(
    ("happens", "where", "then"),
    [
        pytest.param(
            overtaken, "shop v1 was in production; v2 is now", "To go back to it: embtune promote shop@1 --reason", id="archived"
        ),
        pytest.param(
            taken_back,
            "shop v1 was rolled back; v2 is in production",
            "To promote it all the same: embtune promote shop@1 --force --reason",
            id="rolled back",
        ),
    ],
)
def test_a_finished_job_says_where_its_version_is_now(
    call: Call, tmp_path: Path, happens: Callable[[Store], None], where: str, then: str
) -> None:
    finished(tmp_path, 0.5)
    happens(open_store(str(tmp_path / "embtune-store")))
    _, out, _ = call("run", "job.yaml")
    assert where in out
    command = next(line for line in out.splitlines() if line.startswith(then)).partition(": embtune ")[2]
    assert call(*shlex.split(command))[0] == 0


def test_a_rejected_job_offers_the_command_that_works(call: Call, tmp_path: Path) -> None:
    finished(tmp_path, 0.9)
    _, out, _ = call("run", "job.yaml")
    command = next(line for line in out.splitlines() if line.startswith("To promote it all the same: embtune ")).partition(": ")[
        2
    ]
    assert call(*shlex.split(command)[1:])[0] == 0


def judged_again(store: Store) -> None:
    """Version 1, which passed, is rejected when it is judged against version 2."""
    last = last_judgement(store, LINE.version(1))
    assert last
    verdict = Verdict(outcome="Rejected", reason="worse than v2")
    evaluation = last.evaluation.model_copy(update={"verdict": verdict, "champion": {METRIC: 0.7}, "champion_version": 2})
    documents.create(store, LINE.version(1).verdict(1), Rejudgement(evaluation=evaluation, at=NOON))


def test_every_command_tells_the_last_verdict(call: Call, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "embtune-store"))
    publish_version(store, LINE, 1)
    overtaken(store)
    judged_again(store)
    assert "v1         Rejected" in call("versions", "shop", "-n", "search")[1]
    shown = call("show", "shop@1", "-n", "search")[1]
    for told in ("Rejected", "Judged again 2026-01-01 12:00", "champion v2", "0.700", "worse than v2"):
        assert told in shown
    code, _, err = call("promote", "shop@1", "-n", "search")
    assert (code, "was rejected (worse than v2)" in err) == (2, True)


def test_pull_into_the_folder_one_stands_in_and_again(
    call: Call, registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = str(tmp_path / "embtune-store")
    here = tmp_path / "here"
    here.mkdir()
    arguments = ("pull", "shop@1", ".", "--store", store, "-n", registry)
    monkeypatch.chdir(here)
    assert call(*arguments)[1].startswith("shop v1 is at . (")
    assert call(*arguments)[1].startswith("shop v1 was at . already (")
    assert [path.name for path in here.iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize("command", ["versions", "history", "rollback"])
def test_a_model_is_given_without_a_version(call: Call, registry: str, command: str) -> None:
    code, _, err = call(command, "shop@2", "-n", registry)
    assert (code, "give shop without @REF" in err) == (2, True)
    code, _, err = call(command, "Shop", "-n", registry)
    assert (code, "is not the name of a model" in err) == (2, True)


def test_versions_shows_the_metrics_that_there_are(call: Call, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "embtune-store"))
    publish_version(store, LINE, 1, metric="faq/ndcg@5")
    assert "faq/ndcg@5" in call("versions", "shop", "-n", "search")[1]


def test_json_prints_the_final_resource_alone(call: Call, tmp_path: Path) -> None:
    finished(tmp_path, 0.5)
    code, out, _ = call("run", "job.yaml", "--json")
    resource = json.loads(out)
    assert code == 0
    assert resource["status"]["phase"] == "Succeeded"
    assert resource["status"]["modelVersion"]["stage"] == "Production"
    assert resource["status"]["evaluation"]["candidate"] == {METRIC: 0.6}
    assert resource["spec"]["baseModel"] == {"uri": "hf://a/b"}


def test_a_changed_base_of_a_candidate_is_another_incarnation(tmp_path: Path) -> None:
    file = finished(tmp_path, 0.5)
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text("{}")
    job = load_job(file)
    candidates = [Candidate(name="own"), Candidate(name="other", base_model=CandidateBase(uri="other"))]
    job = job.model_copy(update={"spec": job.spec.model_copy(update={"candidates": candidates})})
    before = with_local_uid(job, tmp_path).metadata.uid
    assert with_local_uid(job, tmp_path).metadata.uid == before
    (other / "config.json").write_text("[]")
    assert with_local_uid(job, tmp_path).metadata.uid != before


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
        pytest.param(["compare", "shop@1", "boat@1"], 2, "boat has no version 1", id="compare wants versions that are there"),
        pytest.param(["compare", "shop@1"], 2, "one model alone cannot be compared", id="compare wants two"),
        pytest.param(["compare", "./a", "./b"], 2, "nothing says what the models are asked", id="compare wants questions"),
        pytest.param(["compare", "./a", "./b", "--exam", "boat"], 2, "boat has no exam", id="compare wants an exam"),
        pytest.param(["try", "./a", "words"], 2, "nothing says what to search", id="try wants a corpus"),
        pytest.param(["try", "shop@1", " "], 2, "the query is blank", id="try wants a query"),
        pytest.param(["embed", "shop@1", "a.csv", "--out", "v.parquet"], 2, "there is no file a.csv", id="embed wants a file"),
        pytest.param(["report", "shop@1", "--out", "page.html"], 0, "page.html (", id="report says where the page is"),
        pytest.param(["report", "boat"], 2, "neither a job nor a model in production called 'boat'", id="report of nothing"),
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
    for name in (
        "synthesize",
        "review",
        "run",
        "validate",
        "versions",
        "show",
        "compare",
        "try",
        "embed",
        "report",
        "promote",
        "rollback",
        "pull",
        "verify",
        "history",
    ):
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
