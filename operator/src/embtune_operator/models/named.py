"""What people call a model: `tldr-search@3`, `./folder`, `hf://org/name`, `s3://bucket/prefix`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from embtune_api.keys import LineKeys
from embtune_api.model_use import FrozenExam, UsedModel
from embtune_operator.registry.references import find_version, parse_reference

if TYPE_CHECKING:
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store


def is_outside(text: str) -> bool:
    """Whether it is no version: an address, or a folder that is there or is spelled as one."""
    return "://" in text or text.startswith((".", "/", "~")) or ("/" in text and "@" not in text) or Path(text).is_dir()


def version_of(store: Store, namespace: str, text: str) -> tuple[LineKeys, Version]:
    """Raises InvalidInput: there is no such version."""
    wanted = parse_reference(text)
    line = LineKeys(namespace, wanted.model)
    return line, find_version(store, line, wanted.ref)


def used_version(store: Store, line: LineKeys, version: Version) -> UsedModel:
    """A version, to be loaded."""
    stored = version.manifest.stored_model(line.version(version.number))
    return UsedModel(name=f"{line.model}@{version.number}", store=store.uri, stored=stored)


def used_outside(text: str) -> UsedModel:
    """A model of the hub, of a bucket, or of a folder, to be loaded."""
    return UsedModel(name=text, uri=str(Path(text).expanduser()) if "://" not in text else text)


def used(store: Store | None, namespace: str, text: str) -> UsedModel:
    """Whatever it is; `store` is needed for versions alone. Raises InvalidInput: there is no such version."""
    if store is None or is_outside(text):
        return used_outside(text)
    return used_version(store, *version_of(store, namespace, text))


def exam_of(store: Store, line: LineKeys, version: Version) -> FrozenExam:
    """The exam that a version was judged on."""
    return FrozenExam(store=store.uri, namespace=line.namespace, model=line.model, digest=version.evaluation.exam)
