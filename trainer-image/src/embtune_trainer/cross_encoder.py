"""Cross-encoders: loaded from a folder, and asked for scores between 0 and 1."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import CrossEncoder

from embtune_api.errors import InvalidInput

TextPair = tuple[str, str]
BATCH = 64
PAIRS_A_REPORT = 1024


def load_cross_encoder(folder: Path, uri: str, field: str, device: torch.device | None = None) -> CrossEncoder:
    """The cross-encoder in `folder`, in fp32, on the GPU where there is one.

    Args:
        field: of the spec, that errors begin with

    Raises:
        InvalidInput: it cannot be loaded, is not in safetensors, or has several outputs.
    """
    if not any(folder.rglob("*.safetensors")):
        raise InvalidInput(
            f"{field}.uri: {uri} has no *.safetensors. Save it by CrossEncoder(…).save_pretrained(folder), and give that."
        )
    how = {"use_safetensors": True, "dtype": torch.float32}
    try:
        model: CrossEncoder = CrossEncoder(
            str(folder), device=str(device) if device else None, local_files_only=True, model_kwargs=how
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise InvalidInput(f"{field}.uri: {uri} cannot be loaded as a cross-encoder: {error}. Give another model.") from error
    if model.num_labels != 1:
        raise InvalidInput(
            f"{field}.uri: {uri} has {model.num_labels} outputs, and one score is needed. Give a cross-encoder for ranking, such "
            f"as hf://cross-encoder/ms-marco-MiniLM-L6-v2."
        )
    return model


def score(model: CrossEncoder, pairs: Sequence[TextPair], report: Callable[[int, int], None]) -> NDArray[np.float32]:
    """(pairs,) float32, sigmoids; longest pairs first, so that the same pairs are padded together.

    `report` is called with how many pairs of how many are read.
    """
    order = sorted(range(len(pairs)), key=lambda at: (-len(pairs[at][0]) - len(pairs[at][1]), pairs[at]))
    values = np.empty(len(pairs), dtype=np.float32)
    for start in range(0, len(order), PAIRS_A_REPORT):
        places = order[start : start + PAIRS_A_REPORT]
        values[places] = model.predict(
            [pairs[at] for at in places], batch_size=BATCH, activation_fn=torch.nn.Sigmoid(), show_progress_bar=False
        )
        report(start + len(places), len(pairs))
    return values
