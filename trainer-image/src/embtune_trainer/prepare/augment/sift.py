"""Which of the rows that were made may be trained on."""

from collections import Counter
from dataclasses import dataclass

from embtune_api.augment_report import NotMade
from embtune_trainer.prepare.augment.make import Attempt
from embtune_trainer.prepare.divide import Divided
from embtune_trainer.prepare.leakage import hold_out, protect_exam, protect_validation
from embtune_trainer.prepare.normalise import normalise, squash
from embtune_trainer.prepare.rows import Row


@dataclass(frozen=True)
class Sifted:
    kept: list[Attempt]
    dropped: Counter[NotMade]


def sift(attempts: list[Attempt], rows: list[Row], divided: Divided) -> Sifted:
    """Rows with a text that is new, and that nobody who is examined or validated with has.

    A text that another row has already is not made again: what answers that row, or its label, may be another.

    Args:
        rows: those to train on.
    """
    dropped: Counter[NotMade] = Counter()
    texts = {text for row in (*rows, *divided.sides["train"]) for text in (row.anchor, row.positive)}
    there = texts | {squash(normalise(text)) for text in texts}
    held_out = _held_out(divided)
    new: list[Attempt] = []
    for attempt in attempts:
        keys = [attempt.key(text) for text in attempt.changed.values()]
        if attempt.unfinished:
            dropped["unfinished"] += 1
        elif not keys:
            dropped["unchanged"] += 1
        elif not there.isdisjoint(keys):
            dropped["known"] += 1
        elif any(squash(normalise(text)) in held_out for text in attempt.changed.values()):
            dropped["heldOut"] += 1
        else:
            there.update(keys)
            new.append(attempt)
    kept = _unseen(new, divided)
    dropped["heldOut"] += len(new) - len(kept)
    return Sifted(kept, dropped)


def _held_out(divided: Divided) -> set[str]:
    """Every text of the exam, its passages too, and of the rows that are held out for it or that validate."""
    rows = [*divided.sides["validation"], *divided.sides["test"]]
    texts = {text for row in rows for text in (row.query, *row.other_texts)}
    return {squash(text) for text in (*texts, *divided.exam.unseen, *divided.exam.passages)}


def _unseen(attempts: list[Attempt], divided: Divided) -> list[Attempt]:
    """Without those that the check for leaks finds: near-duplicates, groups. Whatever a job does about leaks that its data
    brings along, none is made."""
    rows = [attempt.made for attempt in attempts]
    made = {id(row): attempt for row, attempt in zip(rows, attempts, strict=True)}
    for protected in (protect_exam(divided.exam), protect_validation(divided.sides["validation"])):
        rows, _ = hold_out(rows, protected, "Fix")
    return [made[id(row)] for row in rows]
