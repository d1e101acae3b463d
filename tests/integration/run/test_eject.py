"""`embtune eject`: what is left behind trains by sentence-transformers alone, to about the same scores."""

import json
import re
import subprocess
import sys
from pathlib import Path

from support.command import embtune, environment
from support.jobs import MODEL, NAMESPACE
from support.stored import read_json
from support.whole_runs import CopyOf, Finished

MEASURED = re.compile(r"(?:cosine_)?(\S+): ([0-9.]+) -> ([0-9.]+)")


def run_script(folder: Path) -> dict[str, tuple[float, float]]:
    """Metrics before and after training, in a process that cannot import embtune."""
    blocked = (
        "import sys; sys.modules.update(dict.fromkeys(f'embtune_{part}' for part in ('api', 'operator', 'store', 'trainer')))"
    )
    code = f"{blocked}; import runpy; runpy.run_path('train.py', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {name: (float(before), float(after)) for name, before, after in MEASURED.findall(done.stdout)}


def test_the_script_trains_to_about_the_same_scores(second: Finished, tmp_path: Path) -> None:
    out = tmp_path / "plain"
    told = embtune("eject", f"{MODEL}@2", "--out", out, "--store", second.store, "--namespace", NAMESPACE).ended(0)
    assert f"{MODEL} v2" in told.out
    assert told.err in ("", "Not in the script: evaluationSteps.\n")
    measured = run_script(out)
    evaluation = read_json(second.line.version(2) / "evaluation.json")
    for metric in ("ndcg@10", "mrr@10", "recall@10"):
        before, after = measured[metric]
        assert abs(before - evaluation["base"][f"test/{metric}"]) < 0.002, "the same base is asked the same exam"
        assert abs(after - evaluation["candidate"][f"test/{metric}"]) < 0.06
    assert measured["ndcg@10"][1] > measured["ndcg@10"][0]
    assert (out / "model" / "model.safetensors").exists()
    pinned = dict(
        line.split("==") for line in (out / "requirements.txt").read_text(encoding="utf-8").splitlines() if "==" in line
    )
    assert {"torch", "transformers", "sentence-transformers"} <= pinned.keys()


def test_the_script_computes_in_the_same_arithmetic(first: Finished, copy_of: CopyOf, tmp_path: Path) -> None:
    line = copy_of(first)
    (report,) = line.store.rglob("train/*/report.json")
    report.write_text(json.dumps(read_json(report) | {"precision": "fp16"}), encoding="utf-8")
    embtune("eject", f"{MODEL}@1", "--out", tmp_path / "plain", "--store", line.store, "--namespace", NAMESPACE).ended(0)
    script = (tmp_path / "plain" / "train.py").read_text(encoding="utf-8")
    assert "    bf16=False,\n    fp16=True,  # on a GPU alone\n    seed=" in script


def test_what_is_there_stays(first: Finished, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    refused = embtune("eject", first.job, "--out", tmp_path / "mine", "--store", first.store).ended(2)
    assert "nothing is overwritten" in refused.paragraph
    assert not list((tmp_path / "mine").iterdir())


def test_rows_that_are_gone_are_told(first: Finished, copy_of: CopyOf, tmp_path: Path) -> None:
    line = copy_of(first)
    for rows in line.store.rglob("train.jsonl"):
        rows.unlink()
    refused = embtune("eject", f"{MODEL}@1", "--out", tmp_path / "plain", "--store", line.store, "--namespace", NAMESPACE).ended(
        2
    )
    assert "data.archive: true has its line keep them" in refused.paragraph
    assert not (tmp_path / "plain").exists()
