"""Rows whose documents are vectors already: what is tokenized, and what is compared with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch import Tensor

from embtune_api.keys import StepKeys
from embtune_api.training import Training
from embtune_store.protocol import Store
from embtune_trainer.embedding_cache import EmbeddingCache, ReportItems
from embtune_trainer.embeddings import cached_embeddings
from embtune_trainer.encoder import load_encoder
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.frozen.folder import document_encoder
from embtune_trainer.train.lessons import Lessons
from embtune_trainer.train.objectives import BatchLoss, Objective, make_objective
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import Record, TrainingRows, tokenize_queries


@dataclass(frozen=True)
class FrozenDocuments:
    """An objective over rows of which only the anchors are embedded."""

    objective: Objective
    """Over whole rows."""
    vectors: Tensor
    """(documents, dim) float32"""
    documents: tuple[NDArray[np.int64], ...]
    """Of each row: places in `vectors` of its positive and its negatives."""

    def batches(self, batch_size: int, epoch: int, seed: int) -> list[Rows]:
        return self.objective.batches(batch_size, epoch, seed)

    def loss(self, embeddings: Tensor, batch: Rows) -> BatchLoss:
        """`embeddings`: (batch, dim), of the anchors."""
        own = [self.documents[row] for row in batch]
        places = torch.from_numpy(np.concatenate(own)).to(self.vectors.device)
        texts = torch.cat([embeddings, self.vectors[places]])
        order = torch.from_numpy(row_after_row([len(documents) for documents in own])).to(texts.device)
        return self.objective.loss(texts[order], batch)


def row_after_row(documents: Sequence[int]) -> NDArray[np.int64]:
    """Where to find each row's anchor and then its documents among all anchors, followed by all documents.

    Args:
        documents: how many each row has
    """
    rows, counts = len(documents), np.array(documents, dtype=np.int64)
    starts = rows + np.cumsum(counts) - counts
    parts = [np.r_[row, start : start + count] for row, (start, count) in enumerate(zip(starts, counts, strict=True))]
    return np.concatenate(parts).astype(np.int64)


def forget_vectors(store: Store, keys: StepKeys) -> None:
    """Once the model is stored."""
    for stored in list(store.list(keys.document_vectors.root)):
        store.delete(stored.key)


def against_frozen_documents(
    records: Sequence[Record],
    lessons: Lessons | None,
    model: SentenceTransformer,
    recipe: Training,
    base: Path,
    store: Store,
    keys: StepKeys,
    ranks: Ranks,
    report: ReportItems,
) -> tuple[TrainingRows, FrozenDocuments]:
    """The anchors to train on, and the objective.

    Every rank embeds its share of the documents, keeps it in the store, and reads the others'. A training that goes on embeds
    nothing again, and has the same vectors to the last bit.

    Args:
        lessons: what the loss's teacher says of the rows.
        model: the encoder of queries.
        base: folder of the base model, whose encoder of documents stays.

    Raises:
        EmbtuneError: the base cannot embed a document.
    """
    of_rows = [[record["positive"], *record.get("negatives", ())] for record in records]
    texts = sorted({text for documents in of_rows for text in documents})
    device = next(model.parameters()).device
    kept = EmbeddingCache(store, keys.document_vectors)

    def load() -> SentenceTransformer:
        return load_encoder(document_encoder(base), device)

    cached_embeddings(kept, texts[ranks.rank :: ranks.world], load, "document", report)
    ranks.wait()
    vectors = torch.from_numpy(cached_embeddings(kept, texts, load, "document")).to(device)
    place = {text: number for number, text in enumerate(texts)}
    documents = tuple(np.array([place[text] for text in own], dtype=np.int64) for own in of_rows)
    anchors = tokenize_queries(records, model, recipe.explicit_max_seq_length)
    return anchors, FrozenDocuments(make_objective(records, recipe.loss, lessons, recipe.matryoshka), vectors, documents)
