"""Resources from files: one for each YAML document, or every fault with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from embtune_api.errors import InvalidInput
from embtune_api.reading import read_resource
from embtune_api.resources import KINDS, AnyResource, FineTuneJob
from embtune_operator.documents import Document, parse_documents
from embtune_operator.faults import Fault, faults_of

if TYPE_CHECKING:
    from pathlib import Path

_MOST_FAULTS = 10


def load_job(path: Path, *, cluster: bool = False) -> FineTuneJob:
    """The one FineTuneJob of a file.

    Args:
        cluster: as for `load_resources`.

    Raises:
        InvalidInput: the file cannot be read, holds none or several, or has faults: each with line and field path.
    """
    jobs = _load(path, {"FineTuneJob": FineTuneJob}, cluster=cluster)
    if len(jobs) != 1:
        raise InvalidInput(f"{path} holds {len(jobs)} FineTuneJobs, and one is taken at a time: put each into its own file")
    assert isinstance(jobs[0], FineTuneJob)
    return jobs[0]


def load_resources(path: Path, *, cluster: bool) -> list[AnyResource]:
    """Every resource of a file with one or more documents.

    Args:
        cluster: say what the API server would say; else what a local run would.

    Raises:
        InvalidInput: the file cannot be read, holds none, or has faults: each with line and field path.
    """
    return _load(path, KINDS, cluster=cluster)


def _load(path: Path, kinds: dict[str, type[AnyResource]], *, cluster: bool) -> list[AnyResource]:
    documents = parse_documents(path, as_kubectl=cluster)
    if not documents:
        raise InvalidInput(f"{path} is empty: it should hold a {' or a '.join(kinds)} (see examples/)")
    resources: list[AnyResource] = []
    faults: list[Fault] = []
    for document in documents:
        kind = _kind(document, kinds)
        if kind is None:
            faults.append(_unknown_kind(document, kinds))
            continue
        try:
            resources.append(read_resource(kind, document.value, cluster=cluster))
        except ValidationError as error:
            faults += faults_of(error, kind, document)
    if faults:
        raise InvalidInput(_told(path, faults))
    return resources


def _kind(document: Document, kinds: dict[str, type[AnyResource]]) -> type[AnyResource] | None:
    """The model to read the document by; None where it says that it is something else."""
    first = next(iter(kinds.values()))
    named = document.value.get("kind") if isinstance(document.value, dict) else None
    if len(kinds) == 1 or not isinstance(named, str):
        return first
    return kinds.get(named)


def _unknown_kind(document: Document, kinds: dict[str, type[AnyResource]]) -> Fault:
    message = f"expected {' or '.join(kinds)}, got {document.value['kind']!r}"
    return Fault(document.lines["kind",], "kind", message)


def _told(path: Path, faults: list[Fault]) -> str:
    shown = [f"{path}:{fault.line}: {fault.field}: {fault.message}" for fault in faults[:_MOST_FAULTS]]
    if len(faults) > _MOST_FAULTS:
        shown.append(f"… and {len(faults) - _MOST_FAULTS} more")
    return "\n".join(shown)
