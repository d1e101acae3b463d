"""The base model: found, looked through, and put where the next steps read it."""

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from embtune_api.base_model import BaseModelRef
from embtune_api.digest import tree_digest
from embtune_api.documents.files import FileEntry, StoredModel
from embtune_api.documents.prepare import ResolvedBase
from embtune_api.documents.publish import VersionManifest
from embtune_api.documents.release import Release
from embtune_api.errors import EmbtuneError, InvalidInput, Tampered
from embtune_api.keys import LineKeys
from embtune_api.places import VersionSelector
from embtune_store import documents, folders
from embtune_store.contracts import read_contract
from embtune_store.protocol import Store
from embtune_trainer.prepare.hub import HubAway, HubModel, download_model, in_mirror
from embtune_trainer.prepare.model_folder import check_model_folder, is_kept, kept_files
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.sources import local_path

_HUB_URI = re.compile(r"hf://(?P<name>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>[\w./-]+))?")


Staged = Callable[[str], str]
"""Key of the folder for a model, from its digest."""


def resolve_base(
    reference: BaseModelRef,
    *,
    store: Store,
    namespace: str,
    staged: Staged,
    folder: Path | None,
    mirror: Path | None,
    secrets: Path | None = None,
    field: str = "baseModel",
) -> ResolvedBase:
    """What `reference` means today. A model from outside is staged at `staged`; a version stays where it is.

    `folder` is where relative paths start (None refuses paths); `mirror` is a folder of `<org>/<name>` that is looked up
    before the hub; `secrets` is where secretRefs are mounted (None: a local run); `field` of the spec names the model.

    Raises:
        InvalidInput: no such model, not reachable, or not a sentence-transformers model in safetensors.
        Tampered: the bytes of a version are not those that were published.
    """
    if reference.version is not None:
        resolved = _published(reference.version, store, namespace, field)
    else:
        with fetched(reference, folder, mirror, Outside(store, secrets), field) as found:
            resolved = stage(found, reference.uri or "", store, staged, field, check_model_folder)
    contract = read_contract(store, resolved.model)
    return resolved.model_copy(update={"dimension": contract.dimension if contract else None})


Check = Callable[[Path, str, str], None]
"""Of a folder, given its uri and the field that names it: raises InvalidInput where it is not the model that is wanted."""


def stage(found: HubModel, uri: str, store: Store, staged: Staged, field: str, check: Check) -> ResolvedBase:
    """Put a model where the next steps read it, once it is clear that it is one.

    Raises:
        InvalidInput: it is none, or cannot be read.
    """
    try:
        check(found.folder, uri, field)
        files = [folders.file_entry(found.folder, found.folder / path) for path in kept_files(found.folder)]
    except OSError as error:
        raise InvalidInput(
            f"{field}.uri: {error.filename} of {uri} cannot be read: {error.strerror}. Check its permissions."
        ) from error
    return ResolvedBase(uri=uri, revision=found.revision, model=stage_folder(found.folder, files, uri, store, staged, field))


def stage_folder(
    folder: Path, files: list[FileEntry], uri: str, store: Store, staged: Staged, field: str = "baseModel"
) -> StoredModel:
    """Copy files of a folder to where the next steps read them.

    Raises:
        EmbtuneError: one was changed meanwhile.
    """
    digest = tree_digest((file.path, file.sha256) for file in files)
    for file in files:
        written = store.upload(folder / file.path, f"{staged(digest)}/{file.path}")
        if (written.size, written.sha256) != (file.size, file.sha256):
            raise EmbtuneError(f"{field}.uri: {file.path} of {uri} was changed while it was read. Run the same command again.")
    return StoredModel(prefix=staged(digest), digest=digest, files=files)


@contextlib.contextmanager
def fetched(
    reference: BaseModelRef, folder: Path | None, mirror: Path | None, outside: Outside, field: str = "baseModel"
) -> Iterator[HubModel]:
    """The model's folder on this machine, for as long as it takes to stage or load it; `field` of the spec names it."""
    uri = reference.uri or ""
    if uri.startswith("hf://"):
        try:
            found = _from_hub(uri, mirror, outside.hub_token(reference.secret_ref, field), field)
        except HubAway as error:
            if outside.secrets is None:  # somebody waits for this run, and is told at once
                raise InvalidInput(str(error)) from None
            raise
        yield found
    elif uri.startswith("s3://"):
        with tempfile.TemporaryDirectory() as scratch:
            _download_s3(reference, Path(scratch), outside, field)
            yield HubModel(Path(scratch), None)
    elif "://" in uri and not uri.startswith("file://"):
        raise InvalidInput(
            f"{field}.uri: {uri} is not a kind of address that embtune knows. "
            f"Give hf://org/name, s3://bucket/prefix, or in a local run a folder."
        )
    else:
        path = local_path(uri, folder, field)
        if not path.is_dir():
            raise InvalidInput(
                f"{field}.uri: there is no folder {path}. Relative paths start at the job's folder; "
                f"a model of the hub is spelled hf://org/name."
            )
        yield HubModel(path, None)


def _from_hub(uri: str, mirror: Path | None, token: str | None, field: str) -> HubModel:
    match = _HUB_URI.fullmatch(uri)
    if match is None:
        raise InvalidInput(f"{field}.uri: {uri} is not a model of the hub. Spell it hf://org/name or hf://org/name@revision.")
    mirrored = mirror / in_mirror(uri) if mirror else None
    if mirrored is not None and mirrored.is_dir():
        return HubModel(mirrored, match["revision"])
    return download_model(match["name"], match["revision"], token, field)


def _download_s3(reference: BaseModelRef, folder: Path, outside: Outside, field: str) -> None:
    uri = reference.uri or ""
    with outside.bucket(uri, reference.secret_ref, field) as (store, prefix):
        paths = [stored.key.removeprefix(f"{prefix}/") for stored in store.list(prefix)]
        if not paths:
            raise InvalidInput(f"{field}.uri: there is nothing below {uri}. Check the bucket and the prefix.")
        for path in paths:
            # Pickles are not fetched, but their names tell the check what is wrong with a model that has nothing else.
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if is_kept(path):
                store.download(f"{prefix}/{path}", target)
            else:
                target.touch()


def _published(selector: VersionSelector, store: Store, namespace: str, field: str) -> ResolvedBase:
    line = LineKeys(namespace, selector.model)
    number = _production(line, store, field) if selector.ref == "production" else int(selector.ref)
    keys = line.version(number)
    manifest = documents.read(store, keys.manifest, VersionManifest)
    if manifest is None:
        raise InvalidInput(
            f"{field}.version: {selector.model} has no version {number}. "
            f"List what there is with: embtune versions {selector.model}."
        )
    folders.verify(store, keys.root, manifest.files)
    return ResolvedBase(uri=f"{selector.model}@{number}", model=manifest.stored_model(keys))


def _production(line: LineKeys, store: Store, field: str) -> int:
    release = documents.read(store, line.release, Release)
    if release is None or release.production is None:
        raise InvalidInput(
            f"{field}.version: nothing of {line.model} is in production yet. "
            f"Start from a uri such as hf://sentence-transformers/all-MiniLM-L6-v2, or name a version by its number."
        )
    manifest = documents.read(store, line.version(release.production.version).manifest, VersionManifest)
    if manifest is None or manifest.digest != release.production.digest:
        raise Tampered(
            f"{line.version(release.production.version).manifest} is not the manifest that was promoted. "
            f"Roll back, or restore it from a backup."
        )
    return release.production.version
