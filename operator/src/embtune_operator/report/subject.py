"""What a report is about: a job, a version, or both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from embtune_api.documents.job import JobResult
from embtune_api.errors import InvalidInput
from embtune_api.keys import JobKeys, LineKeys, jobs_folder
from embtune_operator.registry.history import read_history
from embtune_operator.registry.references import find_version, parse_reference
from embtune_operator.registry.versions import read_version
from embtune_store import documents

if TYPE_CHECKING:
    from embtune_api.status import FineTuneJobStatus
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store

_JOB_FILES = (".yaml", ".yml")


@dataclass(frozen=True)
class Subject:
    namespace: str
    job: JobKeys | None
    """Whose steps made the version; None where nobody knows. What they left may be cleaned up by now."""
    status: FineTuneJobStatus | None
    """Of a job that has ended and has not been cleaned up."""
    version: Version | None
    """None: the job has published none."""
    line: LineKeys | None
    """Of the version."""

    @property
    def name(self) -> str:
        """`tldr-search v2`, or the job's name."""
        if self.version and self.line:
            return f"{self.line.model} v{self.version.number}"
        return self.job.job if self.job else "?"


def find_subject(store: Store, namespace: str, text: str) -> Subject:
    """What `JOB`, `JOB.yaml`, `MODEL@REF` or `MODEL` means.

    Raises:
        InvalidInput: there is neither such a job nor such a model.
    """
    if text.endswith(_JOB_FILES):
        from embtune_operator.jobfile import load_job

        metadata = load_job(Path(text)).metadata
        namespace, text = metadata.namespace, metadata.name
    elif "@" in text:
        return _of_version(store, namespace, text)
    uids = _uids(store, namespace, text)
    if uids:
        return _of_job(store, namespace, text, uids)
    try:
        return _of_version(store, namespace, text)
    except InvalidInput:
        raise InvalidInput(
            f"there is neither a job nor a model in production called {text!r} in namespace {namespace} of the store "
            f"{store.uri}. Give the job's metadata.name or MODEL@REF, and where it lies with --namespace and --store."
        ) from None


def _of_version(store: Store, namespace: str, text: str) -> Subject:
    wanted = parse_reference(text)
    line = LineKeys(namespace, wanted.model)
    version = find_version(store, line, wanted.ref)
    lineage = version.metadata.lineage
    job, uid = lineage.get("job"), lineage.get("job_uid")
    keys = JobKeys(namespace, job, uid) if job and uid else None
    result = documents.read(store, keys.result, JobResult) if keys else None
    return Subject(namespace, keys, result.status if result else None, version, line)


def _of_job(store: Store, namespace: str, job: str, uids: list[str]) -> Subject:
    """The newest of the jobs that had this name."""
    found = [
        (JobKeys(namespace, job, uid), documents.read(store, JobKeys(namespace, job, uid).result, JobResult)) for uid in uids
    ]
    ended = [(result.status.finished_at, keys, result.status) for keys, result in found if result and result.status.finished_at]
    if not ended:
        return Subject(namespace, found[-1][0], None, None, None)
    _, keys, status = max(ended, key=lambda entry: entry[0])
    if status.model_version is None:
        return Subject(namespace, keys, status, None, None)
    line = LineKeys(namespace, status.model_version.name.rpartition("-v")[0])
    return Subject(
        namespace, keys, status, read_version(store, line, status.model_version.version, read_history(store, line)), line
    )


def _uids(store: Store, namespace: str, job: str) -> list[str]:
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", job):
        raise InvalidInput(f"{job!r} is neither a job's name nor MODEL@REF: those are lower case letters, digits and dashes")
    folder = jobs_folder(namespace, job)
    return sorted({stored.key.removeprefix(f"{folder}/").partition("/")[0] for stored in store.list(folder)})
