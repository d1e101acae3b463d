"""What the step leaves in the store, each file with its digest; the manifest comes last."""

from embtune_api.digest import sha256_hex
from embtune_api.documents import FileEntry, PrepareFacts, StepManifest
from embtune_api.keys import StepKeys
from embtune_api.reports import DataReport
from embtune_store import documents
from embtune_store.protocol import Store
from embtune_trainer.prepare import fingerprints, jsonl
from embtune_trainer.prepare.rows import Row, by_content


def write_outputs(
    store: Store,
    keys: StepKeys,
    *,
    train: list[Row],
    validation: list[Row],
    seen: fingerprints.Fingerprints,
    facts: PrepareFacts,
    report: DataReport,
) -> list[FileEntry]:
    """Everything but the manifest. Rows are in the order of their content, so that of the sources leaves no trace."""
    contents = {
        keys.train_rows: jsonl.to_bytes(row.record for row in by_content(train)),
        keys.validation_rows: jsonl.to_bytes(row.record for row in by_content(validation)),
        keys.fingerprints: fingerprints.to_bytes(seen),
        keys.resolved: documents.as_json(facts),
        keys.report: documents.as_json(report),
    }
    entries = []
    for key, data in contents.items():
        store.put(key, data)
        entries.append(FileEntry(path=key.removeprefix(f"{keys.root}/"), size=len(data), sha256=sha256_hex(data)))
    return entries


def staged_entries(keys: StepKeys, facts: PrepareFacts) -> list[FileEntry]:
    """The base model's files, if it was staged by this step, with paths relative to the step's folder."""
    model = facts.base.model
    if model.prefix != keys.base_model:
        return []
    folder = keys.base_model.removeprefix(f"{keys.root}/")
    return [file.model_copy(update={"path": f"{folder}/{file.path}"}) for file in model.files]


def finish(store: Store, keys: StepKeys, manifest: StepManifest) -> StepManifest:
    """Write the manifest; where another process of this step was first, its manifest is the result."""
    documents.create(store, keys.manifest, manifest)
    return documents.read(store, keys.manifest, StepManifest) or manifest
