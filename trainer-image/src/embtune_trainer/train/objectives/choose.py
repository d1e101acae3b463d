"""Which objective a recipe means."""

from collections.abc import Sequence
from functools import partial

from embtune_api.training import Loss
from embtune_trainer.train.losses.scored import contrastive, cosent, cosine_similarity, online_contrastive
from embtune_trainer.train.objectives.labelled import BatchHard
from embtune_trainer.train.objectives.objective import Objective
from embtune_trainer.train.objectives.pairs import Ranking, Triplets
from embtune_trainer.train.objectives.scored import Scored
from embtune_trainer.train.rows import Record


def make_objective(records: Sequence[Record], loss: Loss) -> Objective:
    """The objective of a recipe in which every value is explicit, over the rows that it learns from."""
    match loss.name:
        case "MultipleNegativesRanking" | "CachedMultipleNegativesRanking":
            return Ranking.of(records, loss.scale)
        case "Triplet":
            return Triplets.of(records, loss.explicit_margin)
        case "CoSENT":
            return Scored.of(records, partial(cosent, scale=loss.scale))
        case "CosineSimilarity":
            return Scored.of(records, cosine_similarity)
        case "Contrastive":
            return Scored.of(records, partial(contrastive, margin=loss.explicit_margin))
        case "OnlineContrastive":
            return Scored.of(records, partial(online_contrastive, margin=loss.explicit_margin))
        case "BatchHardSoftMarginTriplet":
            return BatchHard.of(records)
        case "Auto":
            raise AssertionError("what Auto stands for is said before a training begins")
