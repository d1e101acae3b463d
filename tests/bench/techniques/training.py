"""One training, from a source's rows to what the trained model scores on each query of the exam."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.trainer.unmasked import nothing_known
from bench.trainer.workload import BASE, keys
from embtune_api.base_model import BaseModelRef
from embtune_api.data import Data
from embtune_api.digest import sha256_hex
from embtune_api.documents.prepare import PrepareFacts
from embtune_api.documents.publish import Owner
from embtune_api.evaluation import Suite
from embtune_api.keys import LineKeys
from embtune_api.presets import resolve
from embtune_api.requests import PrepareRequest
from embtune_api.training import Training
from embtune_store import open_store
from embtune_trainer.encoder import device_for, load_encoder
from embtune_trainer.evaluate.exam import LoadedExam, group_index, load_exam
from embtune_trainer.evaluate.suites import ask
from embtune_trainer.prepare import run_prepare
from embtune_trainer.prepare.builders.turns import by_chance
from embtune_trainer.prepare.jsonl import to_line
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import Loop
from embtune_trainer.train.objectives import make_objective
from embtune_trainer.train.precision import choose_arithmetic
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import Record, read_records, tokenize_rows
from embtune_trainer.train.save import save

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

METRIC = "ndcg@10"
SUITE = Suite(cutoffs=(10,))
RECIPE = {"epochs": 1, "batchSize": 64, "learningRate": 5e-5, "maxSeqLength": 64, "checkpointSteps": 1_000_000}


@dataclass(frozen=True)
class Prepared:
    """What `prepare` made."""

    records: list[Record]
    """That are trained on."""
    exam: LoadedExam

    @property
    def digest(self) -> str:
        """Of the records."""
        return sha256_hex(json.dumps(self.records).encode())


@dataclass(frozen=True)
class Scored:
    """One model on the exam."""

    values: NDArray[np.float64]
    """(queries,): ndcg@10 of each."""
    groups: NDArray[np.int64]
    """(queries,): which are not independent of each other."""


def prepare(folder: Path, rows: Sequence[dict[str, str]], data: dict[str, Any]) -> Prepared:
    """The real step, in a store of its own. `data`: spec.data, whose source is called rows.jsonl."""
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    store = open_store("memory://")
    request = PrepareRequest(
        store=store.uri,
        namespace="bench",
        model="techniques",
        job="job",
        job_uid="uid",
        digest="d" * 64,
        owner=Owner(cluster="here", namespace_uid="n"),
        data=Data.model_validate(data),
        base_model=BaseModelRef(uri=str(BASE)),
        folder=str(folder),
    )
    facts = PrepareFacts.model_validate(run_prepare(request, store, lambda _: None).facts)
    exam = load_exam(store, LineKeys("bench", "techniques").exam(facts.exam))
    assert isinstance(exam, LoadedExam), "the sets are of pairs and of labelled texts"
    return Prepared(read_records(store.get(facts.train.key)), exam)


def train(
    records: list[Record], seed: int, base: Path = BASE, *, masked: bool = True, recipe: Mapping[str, Any] = RECIPE
) -> SentenceTransformer:
    """A model trained on the records. `masked`: known positives are kept out of the negatives, as embtune always does."""
    device = device_for(0)
    model = load_encoder(base, device)
    explicit = resolve(Training.model_validate({**recipe, "seed": seed}), len(records))
    rows = tokenize_rows(records, model, explicit.explicit_max_seq_length)
    objective = make_objective(records, explicit.loss) if masked else nothing_known(len(records), explicit.loss.explicit_scale)
    checkpoints = Checkpoints(open_store("memory://"), keys(seed))
    dtype = choose_arithmetic("Auto", device, Ranks()).dtype
    Loop(model, rows, objective, explicit, Ranks(), checkpoints, dtype, lambda _: None, lambda: False).run()
    return model


def score(model: SentenceTransformer, exam: LoadedExam) -> Scored:
    kept = ask(model, exam, SUITE, lambda _: None)
    column = kept.columns.index(f"{SUITE.name}/{METRIC}")
    return Scored(kept.values[:, column], group_index(exam))


def continue_training(prepared: Prepared, seed: int) -> tuple[Scored, Scored]:
    """A model is trained on the rows of half of the groups and then on the others: without and with replay of as many rows of the
    first half."""
    old, new = halves(prepared.records)
    replayed = by_chance(old, to_line, seed, "replay")[: len(new)]
    with tempfile.TemporaryDirectory() as folder:
        save(train(old, seed), Path(folder))
        mixed = by_chance([*new, *replayed], to_line, seed, "mix")
        without, with_it = (score(train(records, seed, Path(folder)), prepared.exam) for records in (new, mixed))
    return without, with_it


def halves(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Rows of the first half of all labels by alphabet, or of groups where there are none, and the others."""
    names = sorted({_class_of(record) for record in records})
    first = set(names[: len(names) // 2])
    return [r for r in records if _class_of(r) in first], [r for r in records if _class_of(r) not in first]


def _class_of(record: Record) -> str:
    return str(record.get("label", record["group"]))
