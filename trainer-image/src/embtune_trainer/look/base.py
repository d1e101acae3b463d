"""Measures a base model on the validation rows. Imports torch, and the code that evaluates a candidate."""

import hashlib
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_api.base_look import BaseLook, TokenLook
from embtune_api.evaluation import Suite
from embtune_api.presets import kinds_for
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.encoder import device_for, load_encoder
from embtune_trainer.encoder_settings import prompt_of
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs, group_index, loaded
from embtune_trainer.evaluate.suites import ask
from embtune_trainer.look.lexical import bm25_ndcg
from embtune_trainer.prepare.exam import ExamSet
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prompts import DOCUMENT_PROMPTS, QUERY_PROMPTS

_MOST_TOKENIZED = 5000
"""Texts of a side, chosen by hash"""
_CUTOFFS = (1, 10)


def measure_base(folder: Path, uri: str, exam: ExamSet, asked_of: int, rows: Sequence[Row]) -> BaseLook:
    """Ask the model in `folder` what the validation rows ask, and count the tokens of all `rows`."""
    torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))
    encoder = load_encoder(folder, device_for(0))
    suite = suite_of(exam)
    questions = loaded(exam)
    started = time.monotonic()
    kept = ask(encoder, questions, suite, lambda _: None)
    seconds = time.monotonic() - started
    retrieval = isinstance(questions, LoadedExam)
    return BaseLook(
        uri=uri,
        suite=suite,
        columns=list(kept.columns),
        values=[_plain(row) for row in kept.values],
        groups=group_index(questions).tolist(),
        passages=len(questions.passages) if isinstance(questions, LoadedExam) else 0,
        asked_of=asked_of,
        lexical=_plain(bm25_ndcg(questions)) if isinstance(questions, LoadedExam) else None,
        texts=_encoded(questions),
        seconds=seconds,
        reads=encoder.max_seq_length,
        tokens=_tokens(encoder, rows, sided=retrieval and exam.shape == "pairs"),
        prompts=_prompts(encoder),
    )


def suite_of(exam: ExamSet) -> Suite:
    """What is measured on it."""
    return Suite(name="validation", kind=kinds_for(exam.prepared_shape)[0], cutoffs=_CUTOFFS)


def _encoded(questions: LoadedExam | LoadedPairs) -> int:
    if isinstance(questions, LoadedExam):
        return len(questions.queries) + len(questions.passages)
    return len({text for pair in questions.texts for text in pair})


def _tokens(encoder: SentenceTransformer, rows: Sequence[Row], *, sided: bool) -> list[TokenLook]:
    if not sided:
        prompt = prompt_of(encoder, ())
        return [_lengths(encoder, "either", prompt, {text for row in rows for text in row.texts})]
    queries = {row.anchor for row in rows}
    documents = {text for row in rows for text in row.texts[1:]}
    return [
        _lengths(encoder, "query", prompt_of(encoder, QUERY_PROMPTS), queries),
        _lengths(encoder, "document", prompt_of(encoder, DOCUMENT_PROMPTS), documents),
    ]


def _lengths(encoder: SentenceTransformer, side: str, prompt: str, texts: set[str]) -> TokenLook:
    chosen = sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())[:_MOST_TOKENIZED]
    ids = encoder.tokenizer([prompt + text for text in chosen], truncation=False, verbose=False)["input_ids"]
    lengths = np.sort([len(row) for row in ids])
    reads = encoder.max_seq_length
    return TokenLook(
        side=side,
        p50=_quantile(lengths, 0.5),
        p95=_quantile(lengths, 0.95),
        longest=int(lengths[-1]),
        cut=float((lengths > reads).mean()) if reads else 0.0,
    )


def _quantile(ordered: NDArray[np.int64], share: float) -> int:
    """The smallest value that `share` of them do not exceed."""
    return int(ordered[max(0, math.ceil(share * len(ordered)) - 1)])


def _prompts(encoder: SentenceTransformer) -> dict[str, str]:
    found = {"query": prompt_of(encoder, QUERY_PROMPTS), "document": prompt_of(encoder, DOCUMENT_PROMPTS)}
    return {side: prompt for side, prompt in found.items() if prompt}


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]
