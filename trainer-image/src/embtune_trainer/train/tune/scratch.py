"""Weights that nobody has trained."""

import torch
from sentence_transformers import SentenceTransformer

from embtune_trainer.encoder_settings import transformer_of


def draw_anew(model: SentenceTransformer, seed: int) -> None:
    """Give the transformer, in place, the weights that its architecture begins with; equal for equal seeds, on every rank."""
    transformer = transformer_of(model)
    torch.manual_seed(seed)
    fresh = type(transformer)(transformer.config)
    transformer.load_state_dict(fresh.state_dict())
