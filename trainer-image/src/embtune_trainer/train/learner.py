"""What a training makes better: the model, the part of it that learns, and the folder that comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer

from embtune_api.documents.files import FileEntry
from embtune_api.encoder import EncoderSettings
from embtune_api.keys import StepKeys
from embtune_api.requests import TrainRequest
from embtune_api.status import Progress
from embtune_api.training import Training
from embtune_store.protocol import Store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.encoder_settings import dress, settings_of
from embtune_trainer.progress import ReportProgress
from embtune_trainer.train.frozen import against_frozen_documents, query_encoder, save_both
from embtune_trainer.train.lessons import Lessons
from embtune_trainer.train.objectives import Objective, make_objective
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import Record, TrainingRows, tokenize_rows
from embtune_trainer.train.save import save
from embtune_trainer.train.tune import Tuned, tune


@dataclass(frozen=True)
class Learner:
    model: SentenceTransformer
    """The encoder that learns: of queries, where documents are frozen."""
    tuned: Tuned
    settings: EncoderSettings
    """Of the published model."""
    recipe: Training
    """Every value explicit."""
    base: Path
    """The base model's folder."""
    base_files: list[FileEntry]

    @classmethod
    def of(cls, request: TrainRequest, base: Path, device: torch.device) -> "Learner":
        """
        Raises:
            InvalidInput: the base has no such parts as are to learn or to stay, or cannot be what the job publishes.
        """
        recipe = request.training
        model = load_encoder(query_encoder(base), device)
        dress(model, request.encoder)
        settings = settings_of(model).model_copy(update={"frozen_documents": _documents_stay(recipe)})
        return cls(model, tune(model, recipe), settings, recipe, base, request.base.files)

    def learn_from(
        self,
        records: Sequence[Record],
        lessons: Lessons | None,
        store: Store,
        keys: StepKeys,
        ranks: Ranks,
        report: ReportProgress,
    ) -> tuple[TrainingRows, Objective]:
        """The texts that are embedded in every step, and what is made small over them.

        Args:
            lessons: what the loss's teacher says of the rows.
        """
        recipe = self.recipe
        if not _documents_stay(recipe):
            objective = make_objective(records, recipe.loss, lessons, recipe.matryoshka)
            return tokenize_rows(records, self.model, recipe.explicit_max_seq_length), objective

        def tell(done: int, of: int) -> None:
            if ranks.first:
                report(Progress(message=f"embedded {done * ranks.world} of {of * ranks.world} documents, which stay"))

        return against_frozen_documents(records, lessons, self.model, recipe, self.base, store, keys, ranks, tell)

    def save(self, folder: Path) -> None:
        """As plain weights, and the encoder of documents beside them where that stays. Training is over then."""
        self.tuned.merge()
        if _documents_stay(self.recipe):
            save_both(self.model, self.base, self.base_files, folder)
        else:
            save(self.model, folder)


def _documents_stay(recipe: Training) -> bool:
    return recipe.tune is not None and recipe.tune.documents_stay
