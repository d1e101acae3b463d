"""Which objective a recipe means."""

from collections.abc import Sequence
from functools import partial

from embtune_api.matryoshka import Matryoshka
from embtune_api.training import Loss
from embtune_trainer.train.lessons import Lessons
from embtune_trainer.train.losses.labelled import (
    batch_all_triplet,
    batch_hard_soft_margin_triplet,
    batch_hard_triplet,
    batch_semi_hard_triplet,
)
from embtune_trainer.train.losses.scored import contrastive, cosent, cosine_similarity, online_contrastive
from embtune_trainer.train.objectives.distilled import Preferred, Translated
from embtune_trainer.train.objectives.guided import Guided
from embtune_trainer.train.objectives.labelled import Labelled
from embtune_trainer.train.objectives.nested import Nested
from embtune_trainer.train.objectives.objective import Objective
from embtune_trainer.train.objectives.pairs import Ranking, Triplets
from embtune_trainer.train.objectives.scored import Scored
from embtune_trainer.train.rows import Record


def make_objective(
    records: Sequence[Record], loss: Loss, lessons: Lessons | None = None, matryoshka: Matryoshka | None = None
) -> Objective:
    """The objective of a recipe in which every value is explicit, over the rows that it learns from.

    Args:
        lessons: what the loss's teacher says of the rows; None: the loss has no teacher.

    Raises:
        InvalidInput: the rows lack what the loss learns from.
    """
    objective = _taught(records, loss, lessons) if lessons else _untaught(records, loss)
    return Nested(objective, matryoshka) if matryoshka else objective


def _taught(records: Sequence[Record], loss: Loss, lessons: Lessons) -> Objective:
    match loss.name:
        case "GIST" | "CachedGIST":
            return Guided.of(records, lessons, loss.explicit_scale, loss.explicit_margin)
        case "MSE":
            return Translated.of(records, lessons)
        case "MarginMSE":
            return Preferred.of(records, lessons)
        case _:
            raise AssertionError(f"{loss.name} has no teacher")


def _untaught(records: Sequence[Record], loss: Loss) -> Objective:
    match loss.name:
        case "MultipleNegativesRanking" | "CachedMultipleNegativesRanking":
            return Ranking.of(records, loss.explicit_scale)
        case "MultipleNegativesSymmetricRanking" | "CachedMultipleNegativesSymmetricRanking":
            return Ranking.of(records, loss.explicit_scale, symmetric=True)
        case "Triplet":
            return Triplets.of(records, loss.explicit_margin)
        case "CoSENT":
            return Scored.of(records, partial(cosent, scale=loss.explicit_scale))
        case "CosineSimilarity":
            return Scored.of(records, cosine_similarity)
        case "Contrastive":
            return Scored.of(records, partial(contrastive, margin=loss.explicit_margin))
        case "OnlineContrastive":
            return Scored.of(records, partial(online_contrastive, margin=loss.explicit_margin))
        case "BatchAllTriplet":
            return Labelled.of(records, partial(batch_all_triplet, margin=loss.explicit_margin))
        case "BatchHardTriplet":
            return Labelled.of(records, partial(batch_hard_triplet, margin=loss.explicit_margin))
        case "BatchSemiHardTriplet":
            return Labelled.of(records, partial(batch_semi_hard_triplet, margin=loss.explicit_margin))
        case "BatchHardSoftMarginTriplet":
            return Labelled.of(records, batch_hard_soft_margin_triplet)
        case "GIST" | "CachedGIST" | "MSE" | "MarginMSE":
            raise AssertionError(f"the teacher of {loss.name} is asked before a training begins")
        case "Auto":
            raise AssertionError("what Auto stands for is said before a training begins")
