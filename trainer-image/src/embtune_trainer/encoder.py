"""Sentence encoders: loaded from a folder, fed with token ids; padded batches with as little padding as pays."""

import os
import platform
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch import Tensor

from embtune_api.documents.files import StoredModel
from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_store.folders import materialize
from embtune_store.protocol import Store

TokenIds = NDArray[np.int64]
"""The token ids of one text: (tokens,) int64, special tokens included."""

TOKENIZE_CHUNK = 256
GROUP_OVERHEAD_TOKENS = {"cpu": 192, "cuda": 16_384}
"""What one more forward pass costs, in tokens: on a CPU next to nothing, on a GPU as much as a small batch."""
TENSOR_CORES = (7, 0)
"""The first compute capability that has them."""


def device_for(local_rank: int) -> torch.device:
    """This process's own GPU, or the CPU where there is none.

    Raises:
        InvalidInput: more processes than GPUs.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    gpus = torch.cuda.device_count()
    if local_rank >= gpus:
        raise InvalidInput(
            f"runtime.processesPerNode: process {local_rank + 1} has no GPU of its own, this node has {gpus}; "
            "use as many processes as there are GPUs"
        )
    return torch.device("cuda", local_rank)


def device_name(device: torch.device) -> str:
    """`NVIDIA H100`, or `x86_64 CPU, 2 threads`"""
    on_gpu = device.type == "cuda"
    return torch.cuda.get_device_name(device) if on_gpu else f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def fetch_model(store: Store, model: StoredModel) -> Path:
    """A local folder with the model's verified bytes: the store's own where it is a folder, else a cached download."""
    cache = Path(os.environ.get("EMBTUNE_CACHE", Path(tempfile.gettempdir()) / "embtune-cache"))
    return materialize(store, model.prefix, model.files, cache / model.digest)


def load_encoder(folder: Path, device: torch.device) -> SentenceTransformer:
    """The sentence-transformers model in `folder`, in fp32, whatever the folder was saved in.

    Raises:
        EmbtuneError: when the folder cannot be loaded.
    """
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(str(folder), device=str(device), local_files_only=True, model_kwargs={"dtype": torch.float32})
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise EmbtuneError(f"the model in {folder} cannot be loaded by sentence-transformers: {error}") from error
    return model


def tokenize(model: SentenceTransformer, texts: list[str], max_length: int | None) -> list[TokenIds]:
    """Token ids of every text, truncated to `max_length` tokens or to the model's own limit, whichever is lower."""
    published = model.max_seq_length
    if max_length is not None:
        model.max_seq_length = min(max_length, published or max_length)
    try:
        ids: list[TokenIds] = [np.empty(0, dtype=np.int64)] * len(texts)
        by_length = sorted(range(len(texts)), key=lambda text: len(texts[text]))  # little padding to make and to take off again
        for start in range(0, len(texts), TOKENIZE_CHUNK):
            chunk = by_length[start : start + TOKENIZE_CHUNK]
            features = model.preprocess([texts[text] for text in chunk])
            rows, attended = features["input_ids"].numpy(), features["attention_mask"].bool().numpy()
            for text, row, keep in zip(chunk, rows, attended, strict=True):
                ids[text] = row[keep]
        return ids
    finally:
        model.max_seq_length = published


def length_groups(lengths: NDArray[np.int64], overhead: int, max_rows: int) -> list[NDArray[np.int64]]:
    """Indices into `lengths`, grouped so that padding each group to its own longest row costs least in all.

    The cost of a group is rows × longest + `overhead`, in tokens; the optimum over contiguous groups of the sorted
    lengths is found by dynamic programming. A group has at most `max_rows` rows. The mathematics of training does not
    change: which rows are each other's negatives is decided by the batch, not by the group.
    """
    order = np.argsort(-lengths, kind="stable")
    longest_first = lengths[order]
    count = len(order)
    cost = np.zeros(count + 1)
    start_of = np.zeros(count + 1, dtype=np.int64)
    for end in range(1, count + 1):
        starts = np.arange(max(0, end - max_rows), end)
        candidates = cost[starts] + longest_first[starts] * (end - starts) + overhead
        best = int(np.argmin(candidates))
        cost[end], start_of[end] = candidates[best], starts[best]
    groups: list[NDArray[np.int64]] = []
    end = count
    while end > 0:
        groups.append(order[start_of[end] : end])
        end = int(start_of[end])
    return groups[::-1]


def embed(model: SentenceTransformer, ids: list[TokenIds], dtype: torch.dtype) -> Tensor:
    """Sentence embeddings (texts, dim) float32 of one padded batch; differentiable unless under `no_grad`.

    Args:
        dtype: of matrix products; weights are float32.
    """
    device = next(model.parameters()).device
    with torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
        features = model(_padded(ids, model.tokenizer, device))
    return torch.as_tensor(features["sentence_embedding"]).float()


def _padded(ids: list[TokenIds], tokenizer: object, device: torch.device) -> dict[str, Tensor]:
    width = max(len(row) for row in ids)
    left = getattr(tokenizer, "padding_side", "right") == "left"
    tokens = np.full((len(ids), width), getattr(tokenizer, "pad_token_id", None) or 0, dtype=np.int64)
    mask = np.zeros((len(ids), width), dtype=np.int64)
    for number, row in enumerate(ids):
        place = slice(width - len(row), width) if left else slice(0, len(row))
        tokens[number, place] = row
        mask[number, place] = 1
    return {
        "input_ids": torch.from_numpy(tokens).to(device, non_blocking=True),
        "attention_mask": torch.from_numpy(mask).to(device, non_blocking=True),
    }


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 arithmetic is done by the hardware, not emulated."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def has_fp16(device: torch.device) -> bool:
    """Whether it is a GPU that computes fp16 several times as fast as fp32: with tensor cores, as V100 and T4 have them."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= TENSOR_CORES
