"""What a recipe is called in sentence-transformers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput
from embtune_api.losses import SCALES

if TYPE_CHECKING:
    from embtune_api.losses import LossChoice
    from embtune_api.training import Loss, Training


@dataclass(frozen=True)
class LossCall:
    """How a loss is made."""

    name: str
    """Of the class."""
    arguments: str
    """Behind the model: `, scale=20.0`."""
    sampler: str
    """Of BatchSamplers: what keeps right answers out of the negatives there, or labels together."""


_RECIPE = frozenset({"loss", "epochs", "batch_size", "learning_rate", "max_seq_length", "warmup_ratio", "weight_decay"})
_AROUND = frozenset({"max_grad_norm", "dropout", "precision", "seed", "preset", "checkpoint_steps", "deterministic"})
"""Fields that the script has, or that change nothing about what is learnt."""


def loss_call(loss: Loss) -> LossCall:
    """Raises InvalidInput: the script cannot say it."""
    scale = f", scale={loss.explicit_scale!r}" if loss.name in SCALES else ""
    margin = f", margin={loss.margin!r}" if loss.margin is not None else ""
    calls: dict[LossChoice, LossCall] = {
        "MultipleNegativesRanking": LossCall("MultipleNegativesRankingLoss", scale, "NO_DUPLICATES"),
        "CachedMultipleNegativesRanking": LossCall(
            "CachedMultipleNegativesRankingLoss", f"{scale}, mini_batch_size={loss.mini_batch_size}", "NO_DUPLICATES"
        ),
        "MultipleNegativesSymmetricRanking": LossCall("MultipleNegativesSymmetricRankingLoss", scale, "NO_DUPLICATES"),
        "Triplet": LossCall("TripletLoss", margin.replace("margin", "triplet_margin"), "BATCH_SAMPLER"),
        "CoSENT": LossCall("CoSENTLoss", scale, "BATCH_SAMPLER"),
        "CosineSimilarity": LossCall("CosineSimilarityLoss", "", "BATCH_SAMPLER"),
        "Contrastive": LossCall("ContrastiveLoss", margin, "BATCH_SAMPLER"),
        "OnlineContrastive": LossCall("OnlineContrastiveLoss", margin, "BATCH_SAMPLER"),
        "BatchHardSoftMarginTriplet": LossCall("BatchHardSoftMarginTripletLoss", "", "GROUP_BY_LABEL"),
        "BatchAllTriplet": LossCall("BatchAllTripletLoss", margin, "GROUP_BY_LABEL"),
        "BatchHardTriplet": LossCall("BatchHardTripletLoss", margin, "GROUP_BY_LABEL"),
        "BatchSemiHardTriplet": LossCall("BatchSemiHardTripletLoss", margin, "GROUP_BY_LABEL"),
    }
    if loss.name not in calls:
        raise InvalidInput(f"a script with the loss {loss.name} cannot be written: embtune eject knows {', '.join(calls)}.")
    return calls[loss.name]


def left_unsaid(training: Training) -> list[str]:
    """Fields of the recipe, as a job spells them, that the script does not have."""
    set_by_the_job = training.model_dump(mode="json", exclude_defaults=True)
    fields = type(training).model_fields
    return sorted(str(fields[name].alias or name) for name in set_by_the_job if name not in _RECIPE | _AROUND)
