"""Queries by a sequence-to-sequence model on this machine, as doc2query does (Nogueira and Lin, 2019)."""

import asyncio
import copy
from collections.abc import AsyncIterator, Container, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, LogitsProcessor, LogitsProcessorList, TopPLogitsWarper

from embtune_api.base_model import BaseModelRef
from embtune_api.digest import tree_digest
from embtune_api.errors import InvalidInput
from embtune_api.synthesis import PASSAGE, Seq2SeqWriter
from embtune_store import folders
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.prepare.base_model import fetched
from embtune_trainer.prepare.builders.turns import turn
from embtune_trainer.prepare.model_folder import kept_files
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.synthesize.corpus import Item
from embtune_trainer.synthesize.journal import Entry, Pair

FIELD = "model"
PASSAGES_A_BATCH, PASSAGES_SORTED = 16, 256
"""Passages are sorted by length, so many at a time, so that a batch computes little padding."""
LONGEST_PASSAGE, LONGEST_QUERY = 512, 64
"""tokens"""
TOP_P = 0.95
"""A word is sampled from the likeliest ones that have so much probability together (Holtzman et al., 2020)."""


class Seq2Seq:
    """A loaded model, on the GPU where there is one.

    Raises:
        InvalidInput: it cannot be had, or is not a sequence-to-sequence model in safetensors.
    """

    def __init__(
        self, wanted: Seq2SeqWriter, per_passage: int, seed: int, folder: Path, mirror: Path | None, outside: Outside
    ) -> None:
        torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))
        with fetched(BaseModelRef(uri=wanted.uri), folder, mirror, outside, FIELD) as found:
            paths = kept_files(found.folder)
            entries = [folders.file_entry(found.folder, found.folder / path) for path in paths]
            self._tokenizer, self._model = _load(found.folder, wanted.uri)
        self._wanted, self._per_passage, self._seed = wanted, per_passage, seed
        self.name, self.unanswered = wanted.uri, 0
        self.digest = tree_digest((entry.path, entry.sha256) for entry in entries)
        self.settings: dict[str, Any] = {
            "model": self.digest,
            "prompt": wanted.prompt,
            "decoding": "greedy" if wanted.greedy else {"top_p": TOP_P, "seed": seed},
            "number of queries for each passage": per_passage,
        }

    async def write(self, items: Sequence[Item], done: Container[str]) -> AsyncIterator[list[Entry]]:
        """Batches are the same whatever is done already, and so are the last bits that padding changes."""
        for batch in _batches(items):
            left = [item for item in batch if item.digest not in done]
            if left:
                yield await asyncio.to_thread(self._entries, left)

    def _entries(self, items: list[Item]) -> list[Entry]:
        queries = self._generate([item for item in items for _ in range(self._per_passage)])
        return [
            Entry(item.digest, tuple(Pair(query, item.digest) for query in queries[at : at + self._per_passage] if query))
            for at, item in zip(range(0, len(queries), self._per_passage), items, strict=True)
        ]

    def _generate(self, rows: list[Item]) -> list[str]:
        """A query for each row; equal ones beside each other get different ones."""
        prompts = [self._wanted.prompt.replace(PASSAGE, item.text) for item in rows]
        fed = self._tokenizer(prompts, padding=True, truncation=True, max_length=self._longest, return_tensors="pt")
        seeds = [turn(self._seed, f"synthesize/{number % self._per_passage}", item.digest) for number, item in enumerate(rows)]
        chosen = LogitsProcessorList([] if self._wanted.greedy else [SampledByHash(seeds, TOP_P)])
        config = copy.deepcopy(self._model.generation_config)
        config.update(do_sample=False, num_beams=1, num_return_sequences=1, max_new_tokens=LONGEST_QUERY, max_length=None)
        config.update(temperature=None, top_k=None, top_p=None)
        with torch.inference_mode():
            tokens = self._model.generate(
                input_ids=fed["input_ids"].to(self._model.device),
                attention_mask=fed["attention_mask"].to(self._model.device),
                generation_config=config,
                logits_processor=chosen,
            )
        return [" ".join(text.split()) for text in self._tokenizer.batch_decode(tokens, skip_special_tokens=True)]

    @property
    def _longest(self) -> int:
        return min(LONGEST_PASSAGE, int(self._tokenizer.model_max_length))


class SampledByHash(LogitsProcessor):
    """Nucleus sampling with a chance of each row's own, so that who else is in the batch changes nothing.

    The largest of the logits with Gumbel noise is a sample of their softmax (Gumbel, 1954; Maddison et al., 2014).
    """

    def __init__(self, seeds: Sequence[int], top_p: float) -> None:
        self._chances = [torch.Generator().manual_seed(seed >> 1) for seed in seeds]
        self._nucleus = TopPLogitsWarper(top_p)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """(rows, words) → the same, for the largest to be taken"""
        likely: Tensor = self._nucleus(input_ids, scores).float()
        uniform = torch.stack([torch.rand(likely.shape[1], generator=chance, dtype=torch.float64) for chance in self._chances])
        return likely - (-uniform.clamp(min=1e-300).log()).log().to(likely.device, torch.float32)


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    for start in range(0, len(items), PASSAGES_SORTED):
        some = sorted(items[start : start + PASSAGES_SORTED], key=lambda item: (-len(item.text), item.digest))
        for first in range(0, len(some), PASSAGES_A_BATCH):
            yield some[first : first + PASSAGES_A_BATCH]


def _load(folder: Path, uri: str) -> tuple[Any, Any]:
    if not any(folder.rglob("*.safetensors")):
        raise InvalidInput(
            f"{FIELD}.uri: {uri} has no *.safetensors. Save it by AutoModelForSeq2SeqLM.from_pretrained(…).save_pretrained("
            f"folder), and its tokenizer alike, and give that folder."
        )
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        model = AutoModelForSeq2SeqLM.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise InvalidInput(
            f"{FIELD}.uri: {uri} cannot be loaded as a sequence-to-sequence model: {' '.join(str(error).split())[:300]}. Give "
            f"one such as T5 or BART that was trained to write queries, or to follow instructions and then a --prompt."
        ) from error
    return tokenizer, model.eval().to(device)
