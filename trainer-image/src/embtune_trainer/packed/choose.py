"""Packed where it is shown to be the same, padded elsewhere."""

from dataclasses import dataclass
from typing import Literal

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from embtune_trainer.encoder import TokenIds
from embtune_trainer.packed.forward import Forward
from embtune_trainer.packed.packed import Packed
from embtune_trainer.packed.padded import Padded

TEXTS, MOST_TOKENS = 8, 256
"""Of the check: it costs less than a step."""
TOLERANCE = 1e-4
"""Of embeddings, by the largest value among them; and of gradients, by the largest of all."""

OTHER_VERSION = (AttributeError, IndexError, RuntimeError, TypeError, ValueError)
"""What an encoder raises that goes by a known name and is built otherwise."""

Gradients = dict[str, Tensor]


@dataclass(frozen=True)
class Chosen:
    forward: Forward
    name: Literal["packed", "padded"]
    why: str
    """One clause, for the report."""


def choose_forward(model: SentenceTransformer, texts: list[TokenIds]) -> Chosen:
    """Compare both forwards on a few of the texts, in fp32 and without dropout; the model is left as it was.

    Embeddings are compared, and the gradients of all that is trained.
    """
    kind = type(getattr(model[0], "model", model[0])).__name__
    if next(model.parameters()).device.type != "cpu":
        return _padded(model, "on a GPU the encoder's own forward is used")
    if getattr(getattr(model[0], "model", None), "is_activation_checkpointing", False):
        return _padded(model, "activations are checkpointed, which the encoder's own forward does")
    packed = Packed.of(model)
    if packed is None:
        return _padded(model, f"{kind} is not among the encoders whose packed forward is known")
    try:
        apart, gradients_apart = _differences(model, packed, _some(texts))
    except OTHER_VERSION as error:
        return _padded(model, f"the packed forward of this {kind} failed its check: {error}"[:500])
    found = f"embeddings differ by {apart:.0e} and gradients by {gradients_apart:.0e} of the largest"
    if not (apart <= TOLERANCE and gradients_apart <= TOLERANCE):
        return _padded(model, f"the packed forward of this {kind} is not the same as its own: {found}")
    return Chosen(packed, "packed", f"equal to the padded forward of this {kind}: {found}")


def _padded(model: SentenceTransformer, why: str) -> Chosen:
    return Chosen(Padded(model), "padded", why)


def _some(texts: list[TokenIds]) -> list[TokenIds]:
    """Short and long ones, evenly from all."""
    by_length = sorted(texts, key=len)
    few = min(TEXTS, len(by_length))
    return [by_length[number * (len(by_length) - 1) // max(1, few - 1)][:MOST_TOKENS] for number in range(few)]


def _differences(model: SentenceTransformer, packed: Packed, texts: list[TokenIds]) -> tuple[float, float]:
    """Of embeddings and of gradients, relative to the largest; NaN where something is not a number."""
    training, random = model.training, torch.get_rng_state()
    model.eval()
    try:
        expected, expected_gradients = _computed(model, Padded(model), texts)
        found, gradients = _computed(model, packed, texts)
    finally:
        model.train(training)
        torch.set_rng_state(random)
    largest = max((float(gradient.abs().max()) for gradient in expected_gradients.values()), default=0.0)
    apart = [float((gradients[name] - gradient).abs().max()) for name, gradient in expected_gradients.items()]
    if set(gradients) != set(expected_gradients):
        raise ValueError(f"it trains other parameters: {sorted(set(gradients) ^ set(expected_gradients))[:3]}")
    return float((found - expected).abs().max() / expected.abs().max()), _largest(apart) / (largest or 1.0)


def _largest(values: list[float]) -> float:
    """NaN where one is: `max` would pass over it."""
    return float(torch.tensor(values or [0.0]).max())


def _computed(model: SentenceTransformer, forward: Forward, texts: list[TokenIds]) -> tuple[Tensor, Gradients]:
    with torch.enable_grad():
        embeddings = forward(texts, torch.float32)
    trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    if not trained:
        return embeddings.detach(), {}
    towards = torch.cos(torch.arange(embeddings.numel(), dtype=torch.float32)).view_as(embeddings)
    gradients = torch.autograd.grad((embeddings * towards).sum(), list(trained.values()), allow_unused=True)
    found = {name: gradient for name, gradient in zip(trained, gradients, strict=True) if gradient is not None}
    return embeddings.detach(), found
