"""Weights that stay as they are."""

import re

from sentence_transformers import SentenceTransformer

from embtune_api.errors import InvalidInput
from embtune_api.tune import Freeze
from embtune_trainer.train.tune.anatomy import Anatomy, named_parameters

_SHOWN = 5


def freeze(model: SentenceTransformer, wanted: Freeze) -> None:
    """
    Raises:
        InvalidInput: the model has no such parameter, or not so many layers.
    """
    if wanted.embeddings or wanted.layers:
        _freeze_from_below(model, wanted)
    for pattern in wanted.parameters:
        _freeze_by_name(model, pattern)


def _freeze_from_below(model: SentenceTransformer, wanted: Freeze) -> None:
    anatomy = Anatomy.of(model, "training.tune.freeze")
    if wanted.layers >= anatomy.layers:
        raise InvalidInput(
            f"training.tune.freeze.layers: the base model has {anatomy.layers} layers, and {wanted.layers} were to be frozen. "
            f"Freeze at most {anatomy.layers - 1}: one must learn."
        )
    for name, parameter in anatomy.transformer.named_parameters():
        depth = anatomy.depth(name)
        if (depth == 0 and wanted.embeddings) or 1 <= depth <= wanted.layers:
            parameter.requires_grad = False


def _freeze_by_name(model: SentenceTransformer, pattern: str) -> None:
    found = [parameter for name, parameter in named_parameters(model) if re.search(pattern, name)]
    if not found:
        names = [name for name, _ in named_parameters(model)]
        raise InvalidInput(
            f"training.tune.freeze.parameters: {pattern} is found in none of the {len(names)} names of the base model's "
            f"parameters, such as {', '.join(names[:_SHOWN])}. Correct it, or leave it out."
        )
    for parameter in found:
        parameter.requires_grad = False
