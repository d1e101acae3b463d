"""FineTuneJobs as files, from the few things that a test is about."""

import json
from pathlib import Path
from typing import Any

NAMESPACE, MODEL = "team", "search"
OPEN_GATE: dict[str, Any] = {"metric": "test/ndcg@10", "min": 0.01}
"""Any model passes that finds anything at all."""


def write_job(
    folder: Path,
    name: str,
    files: list[str],
    *,
    base: dict[str, Any] | None = None,
    gates: list[dict[str, Any]] | None = None,
    **spec: Any,
) -> Path:
    """`folder/<name>.yaml`: fine-tune the tiny model (or `base`) on files of {anchor, positive, group}.

    Args:
        spec: further parts of the spec in their YAML spelling; each is merged into what is there.
    """
    parts: dict[str, Any] = {
        "model": MODEL,
        "baseModel": base or {"uri": "tiny/model"},
        "data": {"train": [{"uri": uri} for uri in files], "split": {"test": 0.3, "groupBy": "group", "seed": 7}},
        "training": {"epochs": 2, "batchSize": 64, "learningRate": 2e-3, "maxSeqLength": 32, "precision": "fp32"},
        "promotion": {"gates": [OPEN_GATE] if gates is None else gates},
    }
    job = {
        "apiVersion": "embtune.dev/v1alpha1",
        "kind": "FineTuneJob",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {**parts, **{key: _merged(parts.get(key), value) for key, value in spec.items()}},
    }
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(job, indent=2), encoding="utf-8")  # JSON is YAML
    return file


def write_rows(file: Path, rows: list[dict[str, str]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def _merged(there: Any, new: Any) -> Any:
    return {**there, **new} if isinstance(there, dict) and isinstance(new, dict) else new
