"""Low-rank adapters, by peft: put beside linear layers before a training, and merged into them afterwards."""

from typing import TYPE_CHECKING

import torch
from sentence_transformers import SentenceTransformer

from embtune_api.errors import InvalidInput
from embtune_api.tune import Lora
from embtune_trainer.encoder_settings import transformer_of
from embtune_trainer.train.tune.anatomy import Anatomy, all_linear_layers

if TYPE_CHECKING:
    from peft import LoraModel

_ADAPTER = "default"


def add_adapters(model: SentenceTransformer, lora: Lora, seed: int) -> "LoraModel":
    """Adapters that change nothing yet, equal for equal seeds, on every rank; nothing else of the model learns.

    Raises:
        InvalidInput: a target is no linear layer of the model.
    """
    from peft import LoraConfig, LoraModel

    for parameter in model.parameters():
        parameter.requires_grad = False
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # a fraction works: it is divided by the rank
        lora_dropout=lora.dropout,
        target_modules=_targets(model, lora),
    )
    torch.manual_seed(seed)
    return LoraModel(transformer_of(model), config, _ADAPTER)


def merge(adapters: "LoraModel") -> None:
    """What the adapters say becomes part of the weights, in place; then they are gone.

    Raises:
        ValueError: they are not finite.
    """
    adapters.merge_and_unload(safe_merge=True)


def _targets(model: SentenceTransformer, lora: Lora) -> list[str]:
    """Whole names."""
    if lora.target_modules is None:
        return Anatomy.of(model, "training.tune.lora").linear_layers()
    linear = all_linear_layers(transformer_of(model))
    found: set[str] = set()
    for target in lora.target_modules:
        named = [name for name in linear if name == target or name.endswith(f".{target}")]
        if not named:
            ends = sorted({name.rpartition(".")[2] for name in linear})
            raise InvalidInput(
                f"training.tune.lora.targetModules: {target} is no linear layer of the base model. It has {', '.join(ends)}."
            )
        found.update(named)
    return sorted(found)
