"""Texts in other words, by a sequence-to-sequence model: fetched, and asked in batches.

Words are drawn by adding noise to the model's scores and taking the highest (Gumbel-max: the same as sampling by probability).
The noise of each text has its own seed, so what becomes of a text does not depend on those that are read with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, LogitsProcessor, LogitsProcessorList
from transformers.utils.logging import disable_progress_bar

from embtune_api.augment import Paraphrase
from embtune_api.base_model import BaseModelRef
from embtune_api.digest import tree_digest
from embtune_api.errors import InvalidInput
from embtune_store import folders
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.base_model import fetched
from embtune_trainer.prepare.model_folder import kept_files
from embtune_trainer.prepare.outside import Outside

FIELD = "data.augment.paraphrase"
BATCH = 32
MOST_TOKENS = 512
"""Of a text that is read, prompt included."""
LIKELIEST = 50
"""Words that are drawn from: the many unlikely ones are together likely enough to spoil a text."""


class Paraphraser:
    """A loaded model, on the GPU where there is one.

    Raises:
        InvalidInput: it cannot be had, is not in safetensors, or is none for text to text.
    """

    def __init__(
        self, wanted: Paraphrase, reference: BaseModelRef, folder: Path | None, mirror: Path | None, outside: Outside
    ) -> None:
        torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))
        self._wanted = wanted
        with fetched(reference, folder, mirror, outside, FIELD) as found:
            self.digest = tree_digest(
                (entry.path, entry.sha256)
                for entry in (folders.file_entry(found.folder, found.folder / path) for path in kept_files(found.folder))
            )
            self._model, self._tokenizer = _load(found.folder, wanted.uri)

    def paraphrase(self, asked: Sequence[tuple[str, Chance]], report: Callable[[int, int], None]) -> list[str | None]:
        """What became of each text; None: it is too long to be read whole, or its paraphrase does not come to an end.

        `report` is called with how many texts of how many are done.
        """
        texts = [f"{self._wanted.prompt}{text}" for text, _ in asked]
        tokens = self._tokenizer(texts, verbose=False)["input_ids"] if texts else []
        most = min(MOST_TOKENS, self._tokenizer.model_max_length)
        readable = [number for number in range(len(asked)) if len(tokens[number]) <= most]
        readable.sort(key=lambda number: (-len(tokens[number]), asked[number][0], asked[number][1].content))
        said: list[str | None] = [None] * len(asked)
        for start in range(0, len(readable), BATCH):
            batch = readable[start : start + BATCH]
            answers = self._say([tokens[number] for number in batch], [asked[number][1] for number in batch])
            for number, answer in zip(batch, answers, strict=True):
                said[number] = answer
            report(start + len(batch), len(readable))
        return said

    def _say(self, tokens: list[list[int]], chances: list[Chance]) -> list[str | None]:
        padded = self._tokenizer.pad({"input_ids": tokens}, return_tensors="pt").to(self._model.device)
        temperature = self._wanted.temperature
        noise = LogitsProcessorList([_Noise(chances, temperature)] if temperature else [])
        with torch.inference_mode():
            answers = self._model.generate(
                input_ids=padded["input_ids"],
                attention_mask=padded["attention_mask"],
                max_new_tokens=self._wanted.max_tokens,
                do_sample=False,
                num_beams=1,
                logits_processor=noise,
            )
        return [self._text(answer.tolist()) for answer in answers]

    def _text(self, answer: list[int]) -> str | None:
        """Without what the decoder starts with; None: there is no end to it."""
        end = next((place for place, token in enumerate(answer[1:], 1) if token in self._ends), None)
        return None if end is None else str(self._tokenizer.decode(answer[:end], skip_special_tokens=True)).strip()

    @property
    def _ends(self) -> list[int]:
        end = self._model.generation_config.eos_token_id
        return end if isinstance(end, list) else [end]


class _Noise(LogitsProcessor):
    """Makes the highest score one that is drawn by probability, from the `LIKELIEST`."""

    def __init__(self, chances: list[Chance], temperature: float) -> None:
        self._draws = [torch.Generator().manual_seed(chance.number("Paraphrase")) for chance in chances]
        self._temperature = temperature

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # noqa: ARG002
        """(batch, vocabulary) → the same shape"""
        best, words = scores.topk(min(LIKELIEST, scores.shape[-1]))
        uniform = torch.stack([torch.rand(best.shape[-1], generator=draw) for draw in self._draws]).to(best)
        gumbel = -torch.log(-torch.log(uniform.clamp(1e-7, 1 - 1e-7)))
        return torch.full_like(scores, -torch.inf).scatter(1, words, best / self._temperature + gumbel)


def _load(folder: Path, uri: str) -> tuple[Any, Any]:
    """Model and tokenizer."""
    if not any(folder.rglob("*.safetensors")):
        raise InvalidInput(
            f"{FIELD}.uri: {uri} has no *.safetensors. Save it with its tokenizer by AutoModelForSeq2SeqLM.from_pretrained(…)."
            f"save_pretrained(folder), and give that folder."
        )
    disable_progress_bar()  # type: ignore[no-untyped-call]
    ours = {"local_files_only": True, "trust_remote_code": False}
    try:
        model = AutoModelForSeq2SeqLM.from_pretrained(str(folder), use_safetensors=True, dtype=torch.float32, **ours).eval()
        tokenizer = AutoTokenizer.from_pretrained(str(folder), **ours)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise InvalidInput(
            f"{FIELD}.uri: {uri} cannot be loaded as a model for text to text: {error}. Give one such as T5 or BART."
        ) from error
    if model.generation_config.eos_token_id is None or tokenizer.pad_token_id is None:
        raise InvalidInput(
            f"{FIELD}.uri: {uri} does not say which token ends a text, or which one fills a batch. Set eos_token_id in its "
            f"generation_config.json and pad_token in its tokenizer_config.json."
        )
    return model.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer
