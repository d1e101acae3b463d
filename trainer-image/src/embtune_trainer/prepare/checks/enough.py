"""Whether there are enough rows: for anything at all, and for the method that is to learn from them."""

from collections import Counter

from embtune_api import presets
from embtune_api.checks import Checks
from embtune_api.errors import InvalidInput
from embtune_api.losses import FITTING
from embtune_api.reports import Finding
from embtune_api.training import Training
from embtune_trainer.prepare.builders import Built
from embtune_trainer.prepare.findings import Hit, counted, note
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.sources import ReadData

FEWEST_TO_LEARN = 100
"""Rows: what a loss learns of fewer is mostly chance."""
SETTING = "data.checks.tooFew"


def refuse_too_few(rows: list[Row], data: ReadData, checks: Checks) -> None:
    if len(rows) < checks.min_rows:
        removed = data.rows_read - len(rows)
        cause = f" ({data.rows_read} read, {removed} removed by data.checks)" if removed else ""
        raise InvalidInput(
            f"data.train: {counted(len(rows))} can be used{cause}, fewer than data.checks.minRows {checks.min_rows}. "
            f"Add rows, or lower data.checks.minRows if so few are meant."
        )


def enough_for_the_method(built: Built, training: Training, checks: Checks) -> list[Finding]:
    """What the loss will miss in these rows.

    Raises:
        InvalidInput: it misses something and the action is Fail.
    """
    return [*_few_rows(built, training, checks), *_no_full_batch(built, training, checks), *_lonely_labels(built, checks)]


def _few_rows(built: Built, training: Training, checks: Checks) -> list[Finding]:
    rows = len(built.train)
    if rows >= FEWEST_TO_LEARN:
        return []
    loss = FITTING[built.shape] if training.loss.name == "Auto" else training.loss.name
    message = (
        f"({built.shape}) are left for {loss} to learn from: what a model learns of fewer than {FEWEST_TO_LEARN} is mostly "
        f"chance. Add rows"
    )
    return note("too-few/rows", rows, checks.too_few, message, SETTING)


def _no_full_batch(built: Built, training: Training, checks: Checks) -> list[Finding]:
    """Where each row is told apart from the others of its batch, a batch that cannot be filled makes for an easier task."""
    rows, batch = len(built.train), presets.batch_size(training, len(built.train))
    if rows >= batch:
        return []
    message = f"to train on do not fill one batch of {batch} (training.batchSize). Add rows, or lower it"
    return note("too-few/batch", rows, checks.too_few, message, SETTING)


def _lonely_labels(built: Built, checks: Checks) -> list[Finding]:
    """Texts that stay texts find their pairs in the batch: those of one label. Of one label alone nothing is told apart.
    Labelled texts of which pairs are made are told by the builder."""
    if built.shape != "labelled texts":
        return []
    sizes = Counter(row.label for row in built.train)
    if len(sizes) == 1:
        return note(
            "too-few/labels", len(built.train), checks.too_few, "have one label: there is nothing to tell them from", SETTING
        )
    alone = [row for row in built.train if sizes[row.label] == 1]
    if not alone:
        return []
    message = "are alone with their label: there is no other text that they belong with"
    return note("too-few/labels", len(alone), checks.too_few, message, SETTING, [_hit(row) for row in alone])


def _hit(row: Row) -> Hit:
    return Hit(row.where, f"{row.anchor} → {row.label}")
