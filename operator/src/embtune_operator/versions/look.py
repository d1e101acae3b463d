"""What the store says about the version that a ModelVersion shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.documents.publish import Metadata, VersionRef
from embtune_api.errors import InvalidInput, Tampered
from embtune_api.keys import LineKeys
from embtune_operator.registry.history import bringing, read_history, was_deleted
from embtune_operator.registry.versions import read_version, verify_version

if TYPE_CHECKING:
    from embtune_api.documents.release import Release
    from embtune_api.resources import ModelVersion
    from embtune_operator.pipeline.readings import Readings
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class Fault:
    """Why the version cannot be used."""

    reason: str
    message: str


@dataclass(frozen=True)
class Seen:
    version: Version | None = None
    fault: Fault | None = None
    """None: it is there, as it was published."""
    brought: Release | None = None
    """What put it into production, where it is there now."""
    reindex: tuple[str, ...] = ()
    """How its embeddings differ in kind from those of the version in production."""
    production: int | None = None
    damage: str | None = None
    """What reading every byte again has shown: None if it was not done, empty if all is well."""


def line_of(version: ModelVersion) -> LineKeys:
    return LineKeys(version.metadata.namespace, version.spec.model)


def ref_of(version: ModelVersion) -> VersionRef | None:
    """The number and identity that it was published under; None for a model from outside that has not come so far."""
    spec, status = version.spec, version.status
    if spec.version is not None and spec.digest is not None:
        return VersionRef(version=spec.version, digest=spec.digest)
    if status is not None and status.version is not None and status.digest is not None:
        return VersionRef(version=status.version, digest=status.digest)
    return None


def look(line: LineKeys, ref: VersionRef, verified: str | None, store: Store, readings: Readings) -> Seen:
    """Read the version and its stage. What a rollback has brought back is verified to the last byte, once.

    Args:
        verified: the release after which it was verified already, as `release_name` says it.
    """
    history = read_history(store, line, readings)
    if was_deleted(ref.version, history):
        return Seen(fault=Fault("Deleted", f"{line.model} v{ref.version} was deleted: its files are gone"))
    try:
        found = read_version(store, line, ref.version, history)
    except InvalidInput as error:
        return Seen(fault=Fault("NotFound", str(error)))
    except Tampered as error:
        return Seen(fault=Fault("Tampered", str(error)))
    if found.ref != ref:
        message = (
            f"{line.model} v{ref.version} in the store has the digest {found.ref.digest[:12]}…, not {ref.digest[:12]}…: it is "
            f"another version, or its manifest was changed. Restore {line.version(ref.version).manifest} from a backup, or "
            f"delete this resource"
        )
        return Seen(fault=Fault("OtherDigest", message))
    brought = bringing(ref.version, history) if found.stage == "Production" else None
    if brought is None:
        production = history[-1].production if history else None
        reindex = _differences(line, production, found, store, readings) if production else ()
        return Seen(found, reindex=reindex, production=production.version if production else None)
    if brought.transition.kind != "Rollback" or release_name(brought) == verified:
        return Seen(found, brought=brought)
    return Seen(found, brought=brought, damage=_damage(store, line, found))


def _differences(line: LineKeys, production: VersionRef, version: Version, store: Store, readings: Readings) -> tuple[str, ...]:
    metadata = readings.document(store, line.version(production.version).metadata, Metadata)
    before, after = metadata.contract if metadata else None, version.metadata.contract
    return tuple(before.differences(after)) if before and after else ()


def release_name(release: Release) -> str:
    """One word for it, as conditions give it for their reason."""
    return f"Release{release.seq}"


def _damage(store: Store, line: LineKeys, version: Version) -> str:
    try:
        verify_version(store, line, version.number, version.manifest)
    except Tampered as error:
        return str(error)
    return ""
