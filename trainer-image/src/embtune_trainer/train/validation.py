"""What the validation rows say in the middle of a training: the loss of rows that it does not learn from, and one metric.

The metric is computed by the code that examines a finished model. What is looked at is a sample of bounded size, by hash, so
that looking costs a small share of the training; rank 0 looks, the others wait.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from embtune_api.early_stopping import OF_JUDGED, OF_PAIRS, usual_metric
from embtune_api.evaluation import Suite
from embtune_api.losses import Shape
from embtune_api.metrics import SuiteKind
from embtune_api.split import Split
from embtune_api.training import Training
from embtune_api.training_record import ValidationPoint
from embtune_trainer.encoder import GROUP_OVERHEAD_TOKENS, embed, length_groups
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs, loaded
from embtune_trainer.evaluate.suites import ask, means
from embtune_trainer.look.validation import first_by_hash, validation_exam
from embtune_trainer.out_of_memory import with_less_at_once
from embtune_trainer.prepare.rows import Row, make_row
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.lessons import Lessons
from embtune_trainer.train.objectives import Objective, make_objective
from embtune_trainer.train.rows import Record, TrainingRows, tokenize_rows
from embtune_trainer.train.selection import Selection

Teach = Callable[[Sequence[Record]], Lessons | None]
AT_ONCE = 64
"""Texts that are embedded at once, without activations."""


def nobody_teaches(_: Sequence[Record]) -> None:
    """The loss has no teacher."""


@dataclass(frozen=True)
class Validation:
    """A sample of the validation rows, ready to be asked."""

    exam: LoadedExam | LoadedPairs
    suite: Suite
    selection: Selection
    rows: TrainingRows
    objective: Objective
    """Over these rows."""
    batches: list[Rows]
    """As large as those of the training, where there are enough rows: the losses are alike then."""

    @property
    def questions(self) -> int:
        return len(self.exam.ids)

    @property
    def rows_with_loss(self) -> int:
        return sum(map(len, self.batches))

    def look(self, step: int, model: SentenceTransformer, dtype: torch.dtype) -> ValidationPoint:
        """What the model answers after `step` steps. It is in training mode again afterwards.

        Raises:
            EmbtuneError: memory ran out with a single text in it.
        """
        model.eval()
        loss = self._loss(model, dtype)
        score = loss if self.selection.metric == "loss" else self._score(model)
        model.train()
        return ValidationPoint(step=step, loss=loss, score=score)

    def _score(self, model: SentenceTransformer) -> float:
        kept = ask(model, self.exam, self.suite, lambda _: None)
        value = means(self.suite, list(kept.columns), kept.values)[f"{self.suite.name}/{self.selection.metric}"]
        return 0.0 if value is None else value  # of vectors that are all alike, nothing can be said

    @torch.no_grad()
    def _loss(self, model: SentenceTransformer, dtype: torch.dtype) -> float:
        losses, at_once = [], AT_ONCE
        for batch in self.batches:
            embeddings, at_once = with_less_at_once(partial(self._embed, model, batch, dtype), at_once)
            losses.append(float(self.objective.loss(embeddings, batch).value) * len(batch))
        return sum(losses) / self.rows_with_loss

    def _embed(self, model: SentenceTransformer, batch: Rows, dtype: torch.dtype, most: int) -> Tensor:
        """(texts, dim): of all texts of these rows, row after row."""
        texts = self.rows.of(batch)
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        groups = length_groups(lengths, GROUP_OVERHEAD_TOKENS[next(model.parameters()).device.type], most)
        parts = torch.cat([embed(model, [texts[index] for index in group], dtype) for group in groups])
        return parts[torch.from_numpy(np.argsort(np.concatenate(groups)))]


def make_validation(
    records: Sequence[Record], model: SentenceTransformer, recipe: Training, questions: int, teach: Teach = nobody_teaches
) -> Validation | None:
    """Of at most so many questions; None: these rows ask nothing.

    Args:
        records: of `validation.jsonl`.
        recipe: every value explicit.
        teach: what the loss's teacher says of some of them.
    """
    rows = [as_row(record, number) for number, record in enumerate(records, start=1)]
    exam_set = validation_exam(rows, Split(), questions)
    if exam_set is None:
        return None
    metric = recipe.early_stopping.metric if recipe.early_stopping else None
    metric = metric or usual_metric(exam_set.prepared_shape)
    chosen = first_by_hash(rows, questions)
    sample = [record for record, row in zip(records, rows, strict=True) if row.question in chosen]
    if recipe.loss.name in {"MarginMSE", "Triplet"}:
        sample = with_borrowed_negatives(sample)
    objective = make_objective(sample, recipe.loss, teach(sample), recipe.matryoshka)
    return Validation(
        exam=loaded(exam_set),
        suite=suite_for(metric),
        selection=Selection(metric, recipe.early_stopping),
        rows=tokenize_rows(sample, model, recipe.explicit_max_seq_length),
        objective=objective,
        batches=_whole_batches(objective, len(sample), recipe.batch_size or len(sample)),
    )


def with_borrowed_negatives(records: Sequence[Record]) -> list[Record]:
    """Rows without a negative get the answer of the next row of another group: validation rows are not mined, and a loss of
    margins is 0 where there are none."""
    return [
        record if record.get("negatives") else {**record, "negatives": _borrowed(records, number)}
        for number, record in enumerate(records)
    ]


def _borrowed(records: Sequence[Record], number: int) -> list[str]:
    own = records[number]
    others = (records[(number + step) % len(records)] for step in range(1, len(records)))
    answers = (o["positive"] for o in others if o.get("group") != own.get("group") and o["positive"] != own["positive"])
    return list(islice(answers, 1))


def suite_for(metric: str) -> Suite:
    kind: SuiteKind = "PairClassification" if metric in OF_JUDGED else "SemanticSimilarity" if metric in OF_PAIRS else "Retrieval"
    cutoff = int(metric.partition("@")[2] or 10)
    return Suite(name="validation", kind=kind, cutoffs=(cutoff,))


def _whole_batches(objective: Objective, rows: int, batch_size: int) -> list[Rows]:
    """Without the rows that would make batches smaller than the training's: fewer negatives, a lower loss."""
    size = min(batch_size, rows)
    batches = objective.batches(size, epoch=0, seed=0)
    together = np.concatenate(batches)
    return np.split(together[: rows // size * size], rows // size)


def as_row(record: Record, line: int) -> Row:
    """The row that `prepare` wrote as this record."""
    shape: Shape
    if "text" in record:
        shape, first, second = "labelled texts", record["text"], ""
    elif "score" in record:
        shape, first, second = "scored pairs", record["sentence1"], record["sentence2"]
    else:
        shape, first, second = "pairs", record["anchor"], record["positive"]
    return make_row(
        first,
        second,
        record.get("label"),
        record.get("group"),
        "validation.jsonl",
        line,
        shape=shape,
        negatives=tuple(record.get("negatives", ())),
        score=record.get("score"),
    )
