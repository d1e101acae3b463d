"""What one model scores on one exam: computed once, kept by content, shared by every later comparison."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_api.compression import Compression
from embtune_api.digest import sha256_hex
from embtune_api.documents.evaluate import ResultManifest
from embtune_api.documents.files import FileEntry, StoredFile, StoredModel
from embtune_api.encoder import EncoderSettings
from embtune_api.errors import Tampered
from embtune_api.evaluation import Suite
from embtune_api.keys import ResultKeys
from embtune_store import documents
from embtune_store.folders import read_verified
from embtune_store.protocol import Store
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.encoder import device_for, fetch_model, load_encoder
from embtune_trainer.encoder_settings import refuse_other
from embtune_trainer.evaluate.encoding import ReportShare
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs, group_index
from embtune_trainer.evaluate.suites import Kept, ask_each_way, load_reader


@dataclass(frozen=True)
class Examinee:
    """A model, loaded once there is something to ask it."""

    store: Store
    model: StoredModel
    published: EncoderSettings | None = None
    """What it must read and give, where somebody has said it."""

    @cached_property
    def encoder(self) -> SentenceTransformer:
        """Raises EmbtuneError: it reads or gives something else."""
        torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))
        encoder = load_encoder(fetch_model(self.store, self.model), device_for(0))
        if self.published is not None:
            refuse_other(encoder, self.published, "candidate")
        return encoder


Places = Sequence[tuple[Compression | None, ResultKeys]]
"""Ways in which a suite is asked, each with where its results are kept."""


def ensure_results(
    places: Places,
    examinee: Examinee,
    exam: LoadedExam | LoadedPairs,
    suite: Suite,
    report: ReportShare,
    reranker: StoredModel | None = None,
    bf16: bool = False,
) -> bool:
    """Ask the model in each way whose results are not there. Returns whether all were.

    Raises:
        InvalidInput: as `ask_each_way`.
        EmbtuneError: the model reads or gives something else than was said.
    """
    store = examinee.store
    missing = [(way, keys) for way, keys in places if not store.exists(keys.manifest)]
    if not missing:
        return True
    second = load_reader(fetch_model(store, reranker), device_for(0)) if reranker else None
    answers = ask_each_way(examinee.encoder, exam, suite, [way for way, _ in missing], report, second, bf16)
    for (_, keys), kept in zip(missing, answers, strict=True):
        _write(store, keys, exam, kept)
    return False


def kept_scores(store: Store, keys: ResultKeys) -> StoredFile:
    """The scores as their manifest lists them. Raises Tampered when it does not."""
    manifest = documents.read(store, keys.manifest, ResultManifest)
    scores = manifest.scores(keys) if manifest else None
    if scores is None:
        raise Tampered(f"{keys.manifest} does not list {keys.scores}. Delete that folder, and run the same command again.")
    return scores


def load_values(store: Store, scores: StoredFile) -> tuple[list[str], NDArray[np.float64]]:
    """Names of the columns, and their values (asked, columns) float64. Raises Tampered."""
    with np.load(io.BytesIO(read_verified(store, scores)), allow_pickle=False) as arrays:
        return [str(name) for name in arrays["columns"]], arrays["values"]


def score_arrays(exam: LoadedExam | LoadedPairs, kept: Kept) -> bytes:
    """Scores for programs: names of the columns, values (asked, columns) and groups (asked,), as an .npz file."""
    arrays = io.BytesIO()
    np.savez_compressed(arrays, columns=np.array(kept.columns), values=kept.values, groups=group_index(exam))
    return arrays.getvalue()


def _write(store: Store, keys: ResultKeys, exam: LoadedExam | LoadedPairs, kept: Kept) -> None:
    """Scores for programs, a line a query for people, the manifest last.

    Two processes may score one model at once, and GPUs differ in the last digit: the first file written stays.
    """
    rows = zip(exam.ids, kept.notes, kept.values.round(6).tolist(), strict=True)
    lines = "".join(
        json.dumps({"query": asked, **note, "metrics": _for_people(kept.columns, values)}, ensure_ascii=False) + "\n"
        for asked, note, values in rows
    )
    files = []
    for key, data in ((keys.scores, score_arrays(exam, kept)), (keys.per_query, lines.encode())):
        stays = data if store.create(key, data) else store.get(key)
        files.append(FileEntry(path=key.rpartition("/")[2], size=len(stays), sha256=sha256_hex(stays)))
    documents.create(store, keys.manifest, ResultManifest(files=files))


def _for_people(columns: tuple[str, ...], values: list[float]) -> dict[str, float | None]:
    return {name: None if isnan(value) else value for name, value in zip(columns, values, strict=True)}
