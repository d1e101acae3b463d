"""What the step leaves in the store, each file with its digest; the manifest comes last.

Two machines may do one step at once and read other bytes at a source that just changed. So the folder of the outputs is
named by what is in it; whoever writes the manifest first says which one counts, and the other's is never read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from embtune_api.digest import digest_of, sha256_hex
from embtune_api.documents.files import FileEntry, StepManifest, StoredFile, StoredModel
from embtune_api.documents.prepare import PrepareFacts, ResolvedBase, ResolvedSource
from embtune_api.keys import DataKeys, StepKeys
from embtune_api.reports import DataReport
from embtune_store import documents
from embtune_store.protocol import Store
from embtune_trainer.prepare import fingerprints, jsonl
from embtune_trainer.prepare.rows import Row, by_content


@dataclass(frozen=True)
class Outputs:
    """What is going to be written, and where."""

    keys: DataKeys
    contents: dict[str, bytes]
    """Key → bytes."""

    def file(self, key: str) -> StoredFile:
        data = self.contents[key]
        return StoredFile(key=key, size=len(data), sha256=sha256_hex(data))


def make_outputs(
    step: StepKeys,
    *,
    train: list[Row],
    validation: list[Row],
    seen: fingerprints.Fingerprints,
    report: DataReport,
    sources: list[ResolvedSource],
    base: ResolvedBase,
    bases: dict[str, ResolvedBase],
    teacher: ResolvedBase | None,
    auxiliary: Mapping[str, bytes],
) -> Outputs:
    """Everything but `resolved.json` and the manifest. Rows are in the order of their content, so that of the sources
    leaves no trace.

    Args:
        auxiliary: rows of auxiliary sets as jsonl, by the sets' names.
    """
    files = [
        jsonl.to_bytes(row.record for row in by_content(train)),
        jsonl.to_bytes(row.record for row in by_content(validation)),
        fingerprints.to_bytes(seen),
        documents.as_json(report),
    ]
    made_of = {"files": [sha256_hex(data) for data in files], "sources": sources, "base": base, "teacher": teacher}
    beside = {"auxiliary": {name: sha256_hex(data) for name, data in auxiliary.items()}} if auxiliary else {}
    keys = step.data(digest_of(made_of | ({"bases": bases} if bases else {}) | beside))
    names = [keys.train_rows, keys.validation_rows, keys.fingerprints, keys.report]
    own = {keys.auxiliary_rows(name): data for name, data in auxiliary.items()}
    return Outputs(keys, dict(zip(names, files, strict=True)) | own)


def write_outputs(store: Store, step: StepKeys, outputs: Outputs, facts: PrepareFacts) -> list[FileEntry]:
    """Write the outputs and `resolved.json`; paths are relative to the step's folder."""
    entries = []
    for key, data in (outputs.contents | {outputs.keys.resolved: documents.as_json(facts)}).items():
        store.put(key, data)
        entries.append(FileEntry(path=key.removeprefix(f"{step.root}/"), size=len(data), sha256=sha256_hex(data)))
    return entries


def staged_entries(keys: StepKeys, model: StoredModel) -> list[FileEntry]:
    """The model's files, if it was staged by this step, with paths relative to the step's folder."""
    if not model.prefix.startswith(f"{keys.root}/"):
        return []
    folder = model.prefix.removeprefix(f"{keys.root}/")
    return [file.model_copy(update={"path": f"{folder}/{file.path}"}) for file in model.files]


def finish(store: Store, keys: StepKeys, manifest: StepManifest) -> StepManifest:
    """Write the manifest; where another process of this step was first, its manifest is the result."""
    documents.create(store, keys.manifest, manifest)
    return documents.read(store, keys.manifest, StepManifest) or manifest
