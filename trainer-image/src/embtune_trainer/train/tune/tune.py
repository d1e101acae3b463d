"""A model of which a part learns, and the way back to plain weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from sentence_transformers import SentenceTransformer

from embtune_api.digest import sha256_hex
from embtune_api.errors import InvalidInput
from embtune_api.training import Training
from embtune_api.tune import Tune, TunedPart
from embtune_trainer.encoder import embed, tokenize
from embtune_trainer.train.tune.freeze import freeze
from embtune_trainer.train.tune.lora import add_adapters, merge
from embtune_trainer.train.tune.scratch import draw_anew

if TYPE_CHECKING:
    from peft import LoraModel


@dataclass(frozen=True)
class Tuned:
    part: TunedPart
    _adapters: "LoraModel | None" = None

    def merge(self) -> None:
        """Leave plain weights in the model. Raises ValueError: they would not be finite."""
        if self._adapters is not None:
            merge(self._adapters)


def tune(model: SentenceTransformer, recipe: Training) -> Tuned:
    """Mark what learns, in place; the same on every rank, and again when a training goes on.

    Raises:
        InvalidInput: the model has no such parts, or nothing would be left to learn. No step has been done then.
    """
    wanted = recipe.tune or Tune()
    if wanted.from_scratch:
        draw_anew(model, _seed("weights", recipe.seed))
    adapters = add_adapters(model, wanted.lora, _seed("adapters", recipe.seed)) if wanted.lora else None
    if wanted.freeze:
        freeze(model, wanted.freeze)
        _refuse_nothing_to_learn(model)
    return Tuned(_part(model), adapters)


def _part(model: SentenceTransformer) -> TunedPart:
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    parameters, trainable = sum(size for size, _ in sizes), sum(size for size, learns in sizes if learns)
    return TunedPart(parameters=parameters, trainable=trainable, share=trainable / parameters)


def _refuse_nothing_to_learn(model: SentenceTransformer) -> None:
    """Some parameters take no part in embeddings, such as BERT's pooler: that one of them learns is not enough."""
    if not embed(model, tokenize(model, ["anything"], None), torch.float32).requires_grad:
        raise InvalidInput(
            "training.tune.freeze: nothing that embeddings are made of would be left to learn. Freeze fewer layers, or leave a "
            "pattern out."
        )


def _seed(what: str, seed: int) -> int:
    """Of first values, apart from that of every step."""
    return int(sha256_hex(f"{what} {seed}".encode())[:15], 16)
