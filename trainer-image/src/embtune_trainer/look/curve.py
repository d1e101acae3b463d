"""What a learning curve takes, written into a store of its own: the base, the exam of the validation rows, parts of the others.

The points themselves are trained and examined by the steps `train` and `evaluate`, as in any job.
"""

import hashlib
from collections.abc import Sequence

from embtune_api.base_model import BaseModelRef
from embtune_api.digest import sha256_hex
from embtune_api.documents.files import StoredFile
from embtune_api.evaluation import Suite
from embtune_api.keys import StepKeys
from embtune_api.learning_curve import JOB_KEYS, NAMESPACE, UID, CurveAsk, CurveInputs, CurvePart
from embtune_store import open_store
from embtune_store.protocol import Store
from embtune_trainer.look.place import Place
from embtune_trainer.prepare import fingerprints, jsonl
from embtune_trainer.prepare.base_model import resolve_base
from embtune_trainer.prepare.builders import Built
from embtune_trainer.prepare.exam import ExamSet, freeze_exam
from embtune_trainer.prepare.rows import Row, by_content

_FEWEST_ROWS = 2


def stage_curve(asked: CurveAsk, reference: BaseModelRef, exam: ExamSet, suite: Suite, built: Built, place: Place) -> CurveInputs:
    """Raises InvalidInput: the base cannot be used."""
    store = open_store(asked.store)
    keys = JOB_KEYS.step("prepare", exam.manifest.digest)
    base = resolve_base(
        reference, store=store, namespace=NAMESPACE, staged=keys.base_model, folder=place.folder, mirror=place.outside.mirror
    )
    inputs = CurveInputs(
        store=asked.store,
        exam=exam.manifest.digest,
        suite=suite,
        base=base.model,
        shape=built.shape,
        parts=[
            _write(store, keys, part, seed) for seed in range(asked.seeds) for part in parts_of(built.train, asked.shares, seed)
        ],
    )
    freeze_exam(store, inputs.line_keys, exam, UID)
    return inputs


def parts_of(rows: list[Row], shares: Sequence[float], seed: int) -> list[list[Row]]:
    """The first of the rows, as much as each share says, in an order by hash: whatever order they came in."""
    ordered = sorted(by_content(rows), key=lambda row: hashlib.sha256(f"{seed} {row.record}".encode()).digest())
    return [ordered[: max(_FEWEST_ROWS, round(share * len(ordered)))] for share in shares]


def _write(store: Store, keys: StepKeys, rows: list[Row], seed: int) -> CurvePart:
    train = jsonl.to_bytes(row.record for row in by_content(rows))
    seen = fingerprints.to_bytes(fingerprints.of_rows(rows))
    place = keys.data(sha256_hex(train))
    files = []
    for key, data in ((place.train_rows, train), (place.fingerprints, seen)):
        store.put(key, data)
        files.append(StoredFile(key=key, size=len(data), sha256=sha256_hex(data)))
    return CurvePart(seed=seed, rows=len(rows), train=files[0], fingerprints=files[1])
