"""The main job: a file of pairs becomes version 1, in production; asked again, nothing is done."""

import hashlib

from ruamel.yaml import YAML

from support.command import embtune
from support.jobs import MODEL, NAMESPACE
from support.stored import read_json, snapshot
from support.whole_runs import FIRST_ROWS, Finished


def test_version_1_is_judged_and_promoted(first: Finished) -> None:
    out = first.told.ended(0).out
    assert "base" in out
    assert "candidate v1" in out
    assert "champion (none yet)" in out
    assert "ndcg@10" in out
    assert "≥ 0.010 ✓" in out
    assert "Verdict: Passed – 1 of 1 gate passed" in out
    assert f"{MODEL} v1 is in production" in out
    assert f"embtune pull {MODEL}@production" in out
    release = read_json(first.line.root / "release.json")
    assert (release["seq"], release["production"]["version"], release["previous"]) == (1, 1, None)
    assert read_json(first.line.root / "history" / "1.json") == release


def test_progress_is_on_stderr(first: Finished) -> None:
    err = first.told.err
    steps = [err.index(f"{step} started\n") for step in ("prepare", "train", "evaluate", "publish")]
    assert steps == sorted(steps)
    assert " started" not in first.told.out


def test_a_version_says_where_it_comes_from(first: Finished) -> None:
    folder = first.line.version(1)
    metadata, manifest = read_json(folder / "metadata.json"), read_json(folder / "manifest.json")
    (source,) = metadata["training_data"]["sources"]
    data = (first.job.parent / "first.jsonl").read_bytes()
    assert (source["sha256"], source["rows"]) == (hashlib.sha256(data).hexdigest(), FIRST_ROWS)
    assert metadata["training_config"]["learningRate"] == 2e-3
    assert metadata["base_model"]["uri"] == "tiny/model"
    assert metadata["metrics"] == read_json(folder / "evaluation.json")["candidate"]
    assert metadata["training_data"]["exam"] == first.line.exam_digest
    listed = {file["path"]: file["sha256"] for file in manifest["files"]}
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(there) == {*listed, "manifest.json", "claim.json"}
    assert {name: hashlib.sha256(there[name].read_bytes()).hexdigest() for name in listed} == listed
    weights = [name for name in listed if name.startswith("model/") and not name.endswith((".json", ".txt", ".md"))]
    assert weights == ["model/model.safetensors"]


def test_the_models_card_tells_data_recipe_and_metrics_with_bounds(first: Finished) -> None:
    folder = first.line.version(1)
    metadata, evaluation = read_json(folder / "metadata.json"), read_json(folder / "evaluation.json")
    card = (folder / "model" / "README.md").read_text(encoding="utf-8")
    data = (first.job.parent / "first.jsonl").read_bytes()
    assert f"| {FIRST_ROWS} |  | `{hashlib.sha256(data).hexdigest()}` |" in card
    assert YAML(typ="safe").load(card.split("```yaml\n")[1].split("```")[0]) == metadata["training_config"]
    (gate,) = evaluation["verdict"]["gates"]
    assert f"- {gate['line']}\n" in card
    assert gate["lower"] == evaluation["bounds"]["candidate"]["test/ndcg@10"]["lower"], "its confidence is 0.95, too"
    scored = [
        f"{evaluation[role]['test/ndcg@10']:.3f} ({bound['lower']:.3f} – {bound['upper']:.3f})"
        for role in ("candidate", "base")
        for bound in [evaluation["bounds"][role]["test/ndcg@10"]]
    ]
    assert f"| test/ndcg@10 | {' | '.join(scored)} |" in card
    assert {*evaluation["bounds"]} == {"candidate", "base"}, "there was no champion"


def test_the_same_job_again_does_no_work_and_says_why(first: Finished) -> None:
    before = snapshot(first.store)
    again = embtune("run", first.job, "--store", first.store).ended(0)
    assert again.processor < 2
    assert again.err.startswith("Nothing to do: first finished on ")
    assert "neither the job nor its local files have changed" in again.err
    assert again.out == first.told.out, "the same result is shown"
    assert snapshot(first.store) == before


def test_json_is_the_resource_with_its_status(first: Finished) -> None:
    resource = embtune("run", first.job, "--store", first.store, "--json").ended(0).json
    status = resource["status"]
    assert (resource["kind"], resource["metadata"]["namespace"], status["phase"]) == ("FineTuneJob", NAMESPACE, "Succeeded")
    assert (status["verdict"]["outcome"], status["modelVersion"]["version"]) == ("Passed", 1)
    assert status["evaluation"]["candidate"]["test/ndcg@10"] >= 0.01
    assert "test/ndcg@10" in status["evaluation"]["base"]
    assert {c["type"]: c["status"] for c in status["conditions"]}["Promoted"] == "True"
