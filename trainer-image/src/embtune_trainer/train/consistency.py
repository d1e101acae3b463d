"""Whether the trained model does what any embedding model must: finite vectors, the same each time, in fp16 too."""

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_api.training_record import TrainingFinding

TEXTS = 16
_REPEATS = 1e-5
"""Of the largest difference between two encodings, which a GPU's order of additions explains."""
_HALF = 0.99
"""Least cosine of a vector in fp16 with the same one in fp32; sound models have more than 0.999."""


def check_consistency(model: SentenceTransformer, texts: list[str]) -> list[TrainingFinding]:
    """What is wrong with the vectors of a few texts; nothing is, as a rule."""
    model.eval()
    texts = texts[:TEXTS]
    vectors, again = (model.encode(texts, show_progress_bar=False) for _ in range(2))
    problems = [_norms(vectors)]
    if not problems[0]:
        apart = float(np.abs(vectors - again).max())
        problems.append(f"encoding the same texts twice gave vectors that are {apart:.2g} apart" if apart > _REPEATS else "")
        problems.append(_in_half(model, texts, vectors))
    return [TrainingFinding(check="model", message=f"the trained model: {problem}") for problem in problems if problem]


def _norms(vectors: NDArray[np.float32]) -> str:
    if not np.isfinite(vectors).all():
        return "some vectors are not finite. Lower training.learningRate, or train with precision: fp32"
    if (np.linalg.norm(vectors, axis=1) < 1e-6).any():
        return "some vectors are zero, and have no direction to compare. Look for texts without words"
    alike = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    if len(vectors) > 1 and (alike @ alike.T).min() > 1 - 1e-4:
        return "it gives all texts the same vector: it has collapsed. Lower training.learningRate, and look at the loss curve"
    return ""


def _in_half(model: SentenceTransformer, texts: list[str], vectors: NDArray[np.float32]) -> str:
    with torch.autocast(model.device.type, dtype=torch.float16):
        halved = np.asarray(model.encode(texts, show_progress_bar=False), dtype=np.float32)
    if not np.isfinite(halved).all():
        return "in fp16 some vectors are not finite: weights or activations exceed what fp16 can hold. Serve it in fp32 or bf16"
    cosine = (vectors * halved).sum(axis=1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(halved, axis=1)
    if cosine.min() < _HALF:
        return f"in fp16 a vector turns by as much as a cosine of {cosine.min():.4f}. Serve it in fp32 or bf16"
    return ""
