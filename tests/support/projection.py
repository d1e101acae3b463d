"""The projection of a store and a finished job: what must be the same however often the job was disturbed.

Left out, and why:
- times (a version's timestamp, a transition's `at`, a step's seconds): a disturbed run takes longer;
- digests of version manifests, and `digest` in every reference to a version: a manifest lists metadata.json, which
  holds the timestamp; the bytes that matter are in `model_hash`;
- attempts, progress, resumed_from_step, throughput and the conditions Retried and Suspended: they tell how the work went, not
  what came of it;
- the job's scratch objects (checkpoints, progress): what is needed of them is in the version;
- paths and the store's address: the same job may run anywhere.
"""

from typing import Any

from embtune_api.documents.exam import LineExam
from embtune_api.documents.release import Release
from embtune_api.keys import LineKeys
from embtune_api.resources import FineTuneJob
from embtune_operator.registry.versions import Version, list_versions
from embtune_store import Store, documents

Projection = dict[str, Any]
_OF_THE_WAY = ("Retried", "Suspended")


def projection(store: Store, job: FineTuneJob) -> Projection:
    """Versions, exam, release and history of the job's line, and the job's end; made of JSON's own types."""
    line = LineKeys(job.metadata.namespace, job.spec.model)
    release = documents.read(store, line.release, Release)
    exam = documents.read(store, line.line_exam, LineExam)
    return {
        "job": _job(job),
        "versions": {version.number: _version(version) for version in list_versions(store, line)},
        "claimed numbers": sorted(_below(store, line.versions)),
        "exam": exam.model_dump() if exam else None,
        "release": _release(release) if release else None,
        "history": {name: _history_entry(store, line, name) for name in sorted(_below(store, line.history_folder))},
    }


def _job(job: FineTuneJob) -> Projection:
    status = job.status
    assert status is not None
    return {
        "uid": job.metadata.uid,
        "phase": status.phase,
        "conditions": {c.type: [c.status, c.reason] for c in status.conditions if c.type not in _OF_THE_WAY},
        "verdict": status.verdict.model_dump() if status.verdict else None,
        "version": [status.model_version.version, status.model_version.stage] if status.model_version else None,
    }


def _version(version: Version) -> Projection:
    metadata, evaluation = version.metadata, version.evaluation
    return {
        "stage": version.stage,
        "model_hash": metadata.model_hash,
        "files": {file.path: file.sha256 for file in version.manifest.model_files},
        "config": metadata.training_config,
        "data": metadata.training_data,
        "base": metadata.base_model,
        "made by": {name: metadata.lineage[name] for name in ("job_uid", "spec_digest", "prepare", "train")},
        "metrics": metadata.metrics,
        "champion": evaluation.champion_version,
        "verdict": evaluation.verdict.outcome,
    }


def _release(release: Release) -> Projection:
    shown = release.model_dump(mode="json", exclude={"transition": {"at"}})
    for role in ("production", "previous", "canary"):
        shown[role] = shown[role] and shown[role]["version"]
    return shown


def _history_entry(store: Store, line: LineKeys, name: str) -> Projection | None:
    entry = documents.read(store, f"{line.history_folder}/{name}", Release)
    return _release(entry) if entry else None


def _below(store: Store, folder: str) -> set[str]:
    """Names directly below a folder."""
    return {stored.key.removeprefix(f"{folder}/").partition("/")[0] for stored in store.list(folder)}
