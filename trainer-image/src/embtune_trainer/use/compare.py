"""Asks several models the same, one after the other."""

import math
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.keys import LineKeys
from embtune_api.metrics import pair_columns
from embtune_api.model_use import Asked, AskedModel, CompareRequest, FrozenExam, RowsOf, UsedModel
from embtune_api.presets import kinds_for
from embtune_api.sources import DataSource
from embtune_api.split import Split
from embtune_store import open_store
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs, group_index
from embtune_trainer.evaluate.exam import loaded as to_score_against
from embtune_trainer.evaluate.suites import ask
from embtune_trainer.look.validation import validation_exam
from embtune_trainer.prepare import exam as prepared
from embtune_trainer.prepare.exam import ExamSet
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.sources import read_sources
from embtune_trainer.use.loading import loaded


def run_compare(request: CompareRequest, scratch: Path, mirror: Path | None) -> Asked:
    """
    Args:
        scratch: an empty folder.
        mirror: a folder of models that is looked up before the hub.

    Raises:
        InvalidInput: a model or the rows cannot be had, or ask nothing.
        Tampered: the exam's or a version's bytes are not those that were written.
    """
    folder = Path(request.folder)
    exam = _exam(request, folder, Outside(open_store(str(scratch)), mirror=mirror))
    suite = Suite(name="test" if request.exam else "data", kind=kinds_for(exam.prepared_shape)[0])
    questions = to_score_against(exam)
    return Asked(
        suite=suite,
        columns=list(suite.metrics() if suite.kind == "Retrieval" else pair_columns(suite.name)),
        groups=group_index(questions).tolist(),
        models=[_asked(model, suite, questions, folder, mirror) for model in request.models],
    )


def frozen(exam: FrozenExam) -> ExamSet:
    """The exam of a line, verified. Raises Tampered."""
    return prepared.load_exam(open_store(exam.store), LineKeys(exam.namespace, exam.model).exam(exam.digest))


def _exam(request: CompareRequest, folder: Path, outside: Outside) -> ExamSet:
    if request.exam is not None:
        return frozen(request.exam)
    assert request.rows
    found = _of_rows(request.rows, folder, outside)
    if found is None:
        raise InvalidInput(f"--data {request.rows.uri}: its rows ask nothing. Give rows of questions with their answers.")
    return found


def _of_rows(rows: RowsOf, folder: Path, outside: Outside) -> ExamSet | None:
    """What all rows of the file ask, 2,000 questions at most, chosen by hash."""
    source = DataSource(uri=rows.uri, columns=rows.columns, header=rows.header or None)
    return validation_exam(read_sources([source], Split(), folder, outside).rows, Split())


def _asked(model: UsedModel, suite: Suite, questions: LoadedExam | LoadedPairs, folder: Path, mirror: Path | None) -> AskedModel:
    with loaded(model, folder, mirror) as found:
        started = time.monotonic()
        kept = ask(found.encoder, questions, suite, lambda _: None)
        seconds = time.monotonic() - started
        return AskedModel(
            name=model.name,
            digest=found.digest,
            dimension=found.encoder.get_embedding_dimension() or 0,
            size=found.size,
            texts=_encoded(questions),
            seconds=seconds,
            values=[_plain(row) for row in kept.values],
        )


def _encoded(questions: LoadedExam | LoadedPairs) -> int:
    if isinstance(questions, LoadedExam):
        return len(questions.queries) + len(questions.passages)
    return len({text for pair in questions.texts for text in pair})


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]
