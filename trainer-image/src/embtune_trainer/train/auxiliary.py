"""Rows of auxiliary sets and their objectives, beside those of the main rows."""

from collections.abc import Sequence

from sentence_transformers import SentenceTransformer

from embtune_api.auxiliary_report import AuxiliaryCourse
from embtune_api.documents.prepare import PreparedSet
from embtune_api.presets import steps_of
from embtune_api.training import Training
from embtune_api.training_record import LossPoint
from embtune_store import folders
from embtune_store.protocol import Store
from embtune_trainer.train.objectives import Mixed, Objective, make_objective
from embtune_trainer.train.rows import Record, TrainingRows, read_records, tokenize_rows
from embtune_trainer.train.sets import Sets


def with_auxiliary(
    main: TrainingRows,
    objective: Objective,
    beside: Sequence[PreparedSet],
    store: Store,
    model: SentenceTransformer,
    recipe: Training,
) -> tuple[TrainingRows, Objective]:
    """The rows of all sets, one set after the other, and what is made small over them; the main ones alone where there are no
    others.

    Raises:
        Tampered: a set's rows are not those that were prepared.
    """
    return mixed(main, objective, beside, [read_records(folders.read_verified(store, one.file)) for one in beside], model, recipe)


def mixed(
    main: TrainingRows,
    objective: Objective,
    beside: Sequence[PreparedSet],
    records: Sequence[Sequence[Record]],
    model: SentenceTransformer,
    recipe: Training,
) -> tuple[TrainingRows, Objective]:
    """As `with_auxiliary`, given the `records` of each set."""
    if not beside:
        return main, objective
    own = [make_objective(rows, one.loss.loss, None, recipe.matryoshka) for one, rows in zip(beside, records, strict=True)]
    tokenized = [tokenize_rows(rows, model, recipe.explicit_max_seq_length) for rows in records]
    texts = [row for rows in (main, *tokenized) for row in rows.texts]
    return TrainingRows(texts), Mixed(Sets(len(main), beside), [objective, *own])


def courses(beside: Sequence[PreparedSet], curve: Sequence[LossPoint], batch_size: int) -> list[AuxiliaryCourse]:
    """What became of each set, as the training report tells it."""
    found = []
    for one in beside:
        losses = [point.loss for point in curve if point.auxiliary == one.name]
        found.append(
            AuxiliaryCourse(
                name=one.name,
                loss=one.loss.name,
                rows=one.rows,
                weight=one.weight,
                steps_per_epoch=steps_of(one, batch_size),
                first_loss=losses[0] if losses else None,
                last_loss=losses[-1] if losses else None,
            )
        )
    return found
