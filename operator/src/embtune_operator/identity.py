"""The identity of a job that no API server has given one."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from embtune_api.digest import digest_of, tree_digest
from embtune_api.errors import InvalidInput
from embtune_api.places import VersionSelector
from embtune_store.folders import file_sha256, list_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embtune_api.resources import FineTuneJob


def with_local_uid(job: FineTuneJob, folder: Path) -> FineTuneJob:
    """The job with a uid made of its name, spec and local files.

    An unchanged job finds its own earlier work; a changed file or field makes a new incarnation. Objects at s3:// and
    models at hf:// count by their name, since they are only resolved when the job starts.

    Args:
        folder: where relative paths start.

    Raises:
        InvalidInput: a local file or folder is missing or cannot be read.
    """
    data = [_file_digest(job, place, uri, folder) for place, uri in _files(job)]
    base, *others = [_folder_digest(place, uri, folder) if uri else None for place, uri in _bases(job)]
    identity = digest_of(
        {
            "namespace": job.metadata.namespace,
            "name": job.metadata.name,
            "spec": job.spec,
            "data": data,
            "base": base,
            **({"bases": others} if others else {}),
        }
    )
    uid = str(uuid.UUID(hex=identity[:32], version=5))
    return job.model_copy(update={"metadata": job.metadata.model_copy(update={"uid": uid})})


def inputs_by_name(job: FineTuneJob, folder: Path) -> list[str]:
    """The inputs that count by their name alone: objects, models of the hub, and what a ref such as `production` means."""
    base = job.spec.base_model
    readers = [suite.reranking.cross_encoder.uri for suite in job.spec.evaluation.suites if suite.reranking]
    uris = [*(uri for _, uri in _files(job)), *readers, *dict.fromkeys(uri for _, uri in _bases(job) if uri)]
    replay = job.spec.data.replay
    of_versions = (base.version, (replay.version or VersionSelector(model=job.spec.model)) if replay else None)
    versions = dict.fromkeys(f"{version.model}@{version.ref}" for version in of_versions if version)
    return [*(uri for uri in uris if local_path(uri, folder) is None), *versions]


def local_path(uri: str, folder: Path) -> Path | None:
    """Where a uri lies on this machine; None for one that lies elsewhere."""
    if uri.startswith("file://"):
        return Path(unquote(urlsplit(uri).path))
    return None if "://" in uri else folder / uri


def _bases(job: FineTuneJob) -> list[tuple[str, str | None]]:
    """Where the spec names a base model, and its uri; the first is the job's own."""
    tried = [
        (f"spec.candidates[{number}].baseModel.uri", candidate.base_model.uri)
        for number, candidate in enumerate(job.spec.candidates or [])
        if candidate.base_model
    ]
    return [("spec.baseModel.uri", job.spec.base_model.uri), *tried]


def _files(job: FineTuneJob) -> list[tuple[str, str]]:
    """Where the spec names a file, and its uri."""
    suites = [
        (f"spec.evaluation.suites[{number}]", source.uri)
        for number, suite in enumerate(job.spec.evaluation.suites)
        for source in suite.sources
    ]
    auxiliary = [
        (f"spec.data.auxiliary[{number}].train.uri", one.train.uri) for number, one in enumerate(job.spec.data.auxiliary or [])
    ]
    main = [(f"spec.data.train[{number}].uri", source.uri) for number, source in enumerate(job.spec.data.train)]
    return [*main, *auxiliary, *suites]


def _file_digest(job: FineTuneJob, field: str, uri: str, folder: Path) -> str | None:
    path = local_path(uri, folder)
    if path is None:
        return None
    place = f"{field} {uri}"
    with _readable(place):
        if path.is_dir():
            raise InvalidInput(f"{place}: {path} is a folder. Name the files in it one by one.")
        if path.is_file():
            return file_sha256(path)
    raise InvalidInput(
        f"{place}: there is no such file. Paths start at the folder of the job's file "
        f"({folder}): correct the path of job {job.metadata.name}, or put the file there."
    )


def _folder_digest(field: str, uri: str, folder: Path) -> str | None:
    path = local_path(uri, folder)
    if path is None:
        return None
    place = f"{field} {uri}"
    with _readable(place):
        if path.is_dir():
            return tree_digest((file.path, file.sha256) for file in list_folder(path))
    raise InvalidInput(
        f"{place}: there is no such folder ({path}). Give hf://org/name for a model of the hub, or the "
        "path of a sentence-transformers folder, relative to the job's file."
    )


@contextmanager
def _readable(place: str) -> Iterator[None]:
    """Raise InvalidInput for an OSError about what the field `place` names."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(f"{place}: {error.filename} cannot be read: {error.strerror}. Check its permissions.") from error
