"""`training.maxSeqLength: Auto` as a number, once for all processes and for all that goes on from a checkpoint."""

from collections.abc import Sequence

from sentence_transformers import SentenceTransformer

from embtune_api.status import Progress
from embtune_api.training import Training
from embtune_trainer.encoder_settings import longest_text
from embtune_trainer.lengths import PERCENT, length_of_most
from embtune_trainer.progress import ReportProgress
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import Record, tokenize_queries, tokenize_rows


def with_length(
    recipe: Training,
    records: Sequence[Record],
    model: SentenceTransformer,
    ranks: Ranks,
    checkpoints: Checkpoints,
    report: ReportProgress,
) -> Training:
    """The recipe with a number where it says Auto: what 95 % of the texts need that are embedded in a step, of both sides.

    All processes count, unless the checkpoint has the number that the training goes on from, and take what the first one says.

    Args:
        model: as it will be published; it reads as much as before, afterwards.
        report: told by rank 0 which number it is.
    """
    if recipe.max_seq_length != "Auto":
        return recipe
    device = next(model.parameters()).device
    [kept] = ranks.first_says([(_kept(checkpoints) if ranks.first else None) or 0], device)
    [length] = ranks.first_says([kept or _counted(recipe, records, model)], device)
    if ranks.first:
        report(Progress(message=f"maxSeqLength: {length:.0f}, which {PERCENT} % of the texts need at most (Auto)"))
    return recipe.model_copy(update={"max_seq_length": int(length)})


def _kept(checkpoints: Checkpoints) -> int | None:
    latest = checkpoints.latest()
    return latest.history.max_seq_length if latest else None


def _counted(recipe: Training, records: Sequence[Record], model: SentenceTransformer) -> int:
    """Texts are tokenized as they will be, up to the model's own limit."""
    documents_stay = recipe.tune is not None and recipe.tune.documents_stay
    rows = (tokenize_queries if documents_stay else tokenize_rows)(records, model, None)
    limits = [limit for limit in (model.max_seq_length, longest_text(model)) if limit]
    return length_of_most([len(text) for texts in rows.texts for text in texts], min(limits, default=None))
