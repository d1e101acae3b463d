"""Asks several models one query over one corpus."""

from pathlib import Path

import numpy as np

from embtune_api.errors import InvalidInput
from embtune_api.model_use import Hit, Tried, TryRequest, UsedModel
from embtune_store import open_store
from embtune_trainer.evaluate.encoding import encode
from embtune_trainer.evaluate.ranking import rank_passages, unit
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.use.compare import frozen
from embtune_trainer.use.loading import loaded
from embtune_trainer.use.texts import read_texts


def run_try(request: TryRequest, scratch: Path, mirror: Path | None) -> Tried:
    """
    Args:
        scratch: an empty folder.

    Raises:
        InvalidInput: a model or the corpus cannot be had, or holds no text.
        Tampered: the exam's or a version's bytes are not those that were written.
    """
    folder = Path(request.folder)
    passages = _passages(request, folder, Outside(open_store(str(scratch)), mirror=mirror))
    return Tried(passages=len(passages), found=[_found(model, request, passages, folder, mirror) for model in request.models])


def _passages(request: TryRequest, folder: Path, outside: Outside) -> list[str]:
    """Each text once, in its order."""
    if request.corpus is not None:
        return list(dict.fromkeys(read_texts(request.corpus, folder, outside, "--corpus").texts))
    assert request.exam
    texts = list(dict.fromkeys(passage["text"] for passage in frozen(request.exam).corpus))
    if not texts:
        raise InvalidInput(
            f"the exam of {request.exam.model} is of pairs of texts, and has no passages. Give some with --corpus."
        )
    return texts


def _found(model: UsedModel, request: TryRequest, passages: list[str], folder: Path, mirror: Path | None) -> list[Hit]:
    with loaded(model, folder, mirror) as found:
        query = encode(found.encoder, [request.query], "query", lambda _: None)
        vectors = encode(found.encoder, passages, "document", lambda _: None)
    if not (np.isfinite(query).all() and np.isfinite(vectors).all()):
        raise InvalidInput(f"{model.name} gives vectors that are not finite: its weights are broken. Use another.")
    names = [f"{number:09}" for number in range(len(passages), 0, -1)]  # falling, so equal ones keep the corpus's order
    ranked = rank_passages(query, vectors, names, request.top)[0]
    similarity = unit(vectors[ranked]) @ unit(query)[0]
    return [Hit(text=passages[place], similarity=float(value)) for place, value in zip(ranked, similarity, strict=True)]
