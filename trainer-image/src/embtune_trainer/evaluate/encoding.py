"""Texts to vectors for the exam: exact fp32 unless asked otherwise, as the published model will encode them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_trainer.encoder import TokenIds, tokenize
from embtune_trainer.out_of_memory import with_less_at_once
from embtune_trainer.packed import OTHER_VERSION, Packed
from embtune_trainer.prompts import DOCUMENT_PROMPTS, NO_SIDE, QUERY_PROMPTS, prompt_for

ReportShare = Callable[[float], None]
"""Called with the share that is done, 0 to 1."""

Side = Literal["query", "document", "either"]
PROMPTS = {"query": QUERY_PROMPTS, "document": DOCUMENT_PROMPTS, "either": NO_SIDE}

BATCH = 64
"""Texts at once; half as many whenever memory runs out."""
TEXTS_A_REPORT = 512
TOKENS_AT_ONCE = 3072
"""Packed: enough to keep a processor busy, few enough to take little memory."""
TOLERANCE = 1e-5
CHECKED_TEXTS = 8


def encode(
    model: SentenceTransformer, texts: list[str], side: Side, report: ReportShare, bf16: bool = False
) -> NDArray[np.float32]:
    """Embeddings (texts, dim) float32, with the model's own prompts for that side. Equal texts are encoded once.

    Where a check on a few of the texts finds the packed forward equal to sentence-transformers' own `encode`, it computes them
    all; else that itself does, longest texts first. Either way memory runs out at the first texts or never.

    Args:
        bf16: bf16 arithmetic where the packed forward is used; the values differ in the third digit.

    Raises:
        EmbtuneError: memory ran out with a single text in it.
    """
    model.eval()
    distinct = list(dict.fromkeys(texts))
    place = {text: number for number, text in enumerate(distinct)}
    ids = _ids(model, distinct, side)
    forward = _checked_forward(model, distinct, ids, side)
    longest_first = sorted(range(len(distinct)), key=lambda index: -len(ids[index]))
    if forward:
        dtype = torch.bfloat16 if bf16 else torch.float32
        groups = _dealt(longest_first, sum(map(len, ids)))
        order = [index for group in groups for index in group]
        vectors = _packed(forward.prepared(dtype), [[ids[index] for index in group] for group in groups], dtype)
    else:
        order = longest_first
        vectors = _own(model, [distinct[index] for index in order], side)
    parts: list[NDArray[np.float32]] = []
    done = 0
    for part in vectors:
        parts.append(part[:, : model.truncate_dim])
        done += len(part)
        report(done / len(distinct))
    stacked = np.concatenate(parts)
    in_order = np.empty_like(stacked)
    in_order[order] = stacked
    return in_order if len(distinct) == len(texts) else in_order[[place[text] for text in texts]]


def _dealt(longest_first: list[int], tokens: int) -> list[list[int]]:
    """Which texts to compute together: long and short ones in every group.

    They fill each other's blocks. Texts of one length leave up to half of each block empty: a fifth of all tokens on tldr.
    """
    groups = min(len(longest_first), max(1, -(-tokens // TOKENS_AT_ONCE)))
    return [longest_first[first::groups] for first in range(groups)]


def _ids(model: SentenceTransformer, texts: list[str], side: Side) -> list[TokenIds]:
    """Of the texts behind the side's prompt."""
    prompt = prompt_for(PROMPTS[side], model.prompts, model.default_prompt_name)
    return tokenize(model, [f"{prompt}{text}" for text in texts], None)


def _checked_forward(model: SentenceTransformer, texts: list[str], ids: list[TokenIds], side: Side) -> Packed | None:
    """The packed forward, if some texts have the vectors that sentence-transformers gives them: prompt, pooling and all."""
    forward = Packed.of(model) if next(model.parameters()).device.type == "cpu" else None
    if forward is None:
        return None
    by_length = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    few = sorted({by_length[number * (len(ids) - 1) // (CHECKED_TEXTS - 1)] for number in range(CHECKED_TEXTS)})
    try:
        with torch.no_grad():
            found = forward([ids[index] for index in few], torch.float32).numpy()[:, : model.truncate_dim]
    except OTHER_VERSION:
        return None
    expected = next(_own(model, [texts[index] for index in few], side))
    same = found.shape == expected.shape and bool(np.abs(found - expected).max() <= TOLERANCE * np.abs(expected).max())
    return forward if same else None


def _packed(forward: Packed, groups: list[list[TokenIds]], dtype: torch.dtype) -> Iterator[NDArray[np.float32]]:
    most = max(map(len, groups))
    for group in groups:
        at_once = min(most, len(group))
        vectors, fitted = with_less_at_once(partial(_in_pieces, forward, group, dtype), at_once)
        most = most if fitted == at_once else fitted
        yield vectors


def _in_pieces(forward: Packed, ids: list[TokenIds], dtype: torch.dtype, size: int) -> NDArray[np.float32]:
    with torch.inference_mode():
        return np.concatenate([forward(ids[at : at + size], dtype).numpy() for at in range(0, len(ids), size)])


def _own(model: SentenceTransformer, texts: list[str], side: Side) -> Iterator[NDArray[np.float32]]:
    encode_side = model.encode_query if side == "query" else model.encode_document if side == "document" else model.encode
    at_once = BATCH
    for start in range(0, len(texts), TEXTS_A_REPORT):
        chunk = texts[start : start + TEXTS_A_REPORT]
        vectors, at_once = with_less_at_once(partial(_encoded, encode_side, chunk), at_once)
        yield vectors


def _encoded(encode_side: Callable[..., object], texts: list[str], size: int) -> NDArray[np.float32]:
    return np.asarray(encode_side(texts, batch_size=size, show_progress_bar=False), dtype=np.float32)
