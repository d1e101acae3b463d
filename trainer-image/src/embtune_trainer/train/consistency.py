"""Whether a model does what any embedding model must: finite vectors, the same each time, in fp16 too."""

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_api.diagnosis import Consistency
from embtune_api.training_record import TrainingFinding

TEXTS = 16
_REPEATS = 1e-5
"""Of the largest difference between two encodings, which a GPU's order of additions explains."""
_HALF = 0.99
"""Least cosine of a vector in fp16 with the same one in fp32; sound models have more than 0.999."""
_ALIKE = 1 - 1e-4
_NO_LENGTH = 1e-6


def check_consistency(model: SentenceTransformer, texts: list[str]) -> list[TrainingFinding]:
    """What is wrong with the vectors that a trained model has for a few texts; nothing is, as a rule."""
    problems = faults(measure_consistency(model, texts))
    return [TrainingFinding(check="model", message=f"the trained model: {problem}") for problem in problems]


def measure_consistency(model: SentenceTransformer, texts: list[str]) -> Consistency:
    """Of the first texts. The model is in evaluation mode afterwards."""
    model.eval()
    texts = texts[:TEXTS]
    vectors, again = (model.encode(texts, show_progress_bar=False) for _ in range(2))
    if not np.isfinite(vectors).all():
        return Consistency(texts=len(texts), shortest=None, longest=None, apart=None, half=None, least_alike=None)
    with torch.autocast(model.device.type, dtype=torch.float16):
        halved = np.asarray(model.encode(texts, show_progress_bar=False), dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1)
    half = float(np.diag(_cosines(vectors, halved)).min())
    return Consistency(
        texts=len(texts),
        shortest=float(lengths.min()),
        longest=float(lengths.max()),
        apart=float(np.abs(vectors - again).max()),
        half=half if np.isfinite(half) else None,
        least_alike=float(_cosines(vectors, vectors).min()) if len(texts) > 1 else 0.0,
    )


def faults(seen: Consistency) -> list[str]:
    """A clause and a remedy each."""
    if seen.shortest is None or seen.least_alike is None or seen.apart is None:
        return ["some vectors are not finite. Lower training.learningRate, or train with precision: fp32"]
    if seen.shortest < _NO_LENGTH:
        return ["some vectors are zero, and have no direction to compare. Look for texts without words"]
    if seen.least_alike > _ALIKE:
        return ["it gives all texts the same vector: it has collapsed. Lower training.learningRate, and look at the loss curve"]
    problems = [
        f"encoding the same texts twice gave vectors that are {seen.apart:.2g} apart" if seen.apart > _REPEATS else "",
        _in_half(seen.half),
    ]
    return [problem for problem in problems if problem]


def _in_half(cosine: float | None) -> str:
    if cosine is None:
        return "in fp16 some vectors are not finite: weights or activations exceed what fp16 can hold. Serve it in fp32 or bf16"
    if cosine < _HALF:
        return f"in fp16 a vector turns by as much as a cosine of {cosine:.4f}. Serve it in fp32 or bf16"
    return ""


def _cosines(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """(ones, others); NaN where something is not finite."""
    with np.errstate(all="ignore"):
        first, second = (part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-12) for part in (ones, others))
        return np.asarray(first @ second.T)
