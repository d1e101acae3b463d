"""What one of several candidates answers to the validation rows once it is trained, and what it costs to ask it.

It is asked as the folder that would be published, by the code that examines a finished model, whatever its recipe looked at in
the middle of the training: the questions and the metric follow from the validation rows alone, so that all candidates are asked
the same.
"""

import time
from pathlib import Path

import torch

from embtune_api.digest import sha256_hex
from embtune_api.documents.files import FileEntry, StoredFile
from embtune_api.documents.train import Trial
from embtune_api.early_stopping import usual_metric
from embtune_api.errors import InvalidInput
from embtune_api.keys import StepKeys
from embtune_api.requests import TrainRequest
from embtune_api.split import Split
from embtune_store import folders
from embtune_store.protocol import Store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs, loaded
from embtune_trainer.evaluate.results import score_arrays
from embtune_trainer.evaluate.suites import ask, means
from embtune_trainer.look.validation import validation_exam
from embtune_trainer.train.rows import read_records
from embtune_trainer.train.validation import as_row, suite_for

NOTHING_ASKED = (
    "candidates are ranked on validation rows, and there are none that ask anything. Set data.split.validation, or give more rows"
)


def try_out(
    request: TrainRequest, folder: Path, files: list[FileEntry], store: Store, keys: StepKeys, device: torch.device
) -> Trial:
    """Ask the model in `folder`, at most 2,000 questions chosen by hash, and keep what it scored on each.

    Raises:
        InvalidInput: the validation rows ask nothing.
        EmbtuneError: the folder cannot be loaded, or memory ran out with a single text in it.
    """
    records = read_records(folders.read_verified(store, request.validation)) if request.validation else []
    asked = validation_exam([as_row(record, number) for number, record in enumerate(records, start=1)], Split())
    if asked is None:
        raise InvalidInput(NOTHING_ASKED)
    metric, questions = usual_metric(asked.prepared_shape), loaded(asked)
    suite = suite_for(metric)
    encoder = load_encoder(folder, device)
    started = time.monotonic()
    kept = ask(encoder, questions, suite, lambda _: None)
    seconds = time.monotonic() - started
    data = score_arrays(questions, kept)
    key = keys.trial(sha256_hex(data))
    store.put(key, data)
    name = f"{suite.name}/{metric}"
    return Trial(
        metric=name,
        score=means(suite, list(kept.columns), kept.values)[name] or 0.0,  # of vectors that are all alike, nothing can be said
        scores=StoredFile(key=key, size=len(data), sha256=sha256_hex(data)),
        parameters=sum(parameter.numel() for parameter in encoder.parameters()),
        dimension=encoder.get_embedding_dimension() or 0,
        size=sum(file.size for file in files),
        texts_a_second=_texts(questions) / seconds,
    )


def _texts(questions: LoadedExam | LoadedPairs) -> int:
    """That were encoded."""
    if isinstance(questions, LoadedExam):
        return len(questions.queries) + len(questions.passages)
    return len({text for pair in questions.texts for text in pair})
