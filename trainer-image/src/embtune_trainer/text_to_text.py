"""Sequence-to-sequence models, for what writes texts: loaded from safetensors, asked in batches.

Words are drawn by adding noise to the model's scores and taking the highest, which is the same as sampling by probability
(Gumbel 1954; Maddison et al. 2014). The noise of each text has its own seed, so what becomes of a text does not depend on those
that are read with it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, LogitsProcessor, LogitsProcessorList
from transformers.utils.logging import disable_progress_bar

from embtune_api.base_model import BaseModelRef
from embtune_api.digest import tree_digest
from embtune_api.errors import InvalidInput
from embtune_store import folders
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.prepare.base_model import fetched
from embtune_trainer.prepare.model_folder import kept_files
from embtune_trainer.prepare.outside import Outside


class Drawn(LogitsProcessor):
    """Makes the highest score of each text one that is drawn, by a seed of its own, from what `likely` leaves of them."""

    def __init__(self, seeds: Sequence[int], *likely: LogitsProcessor) -> None:
        """`seeds`: of 64 bits, one a text."""
        self._draws = [torch.Generator().manual_seed(seed >> 1) for seed in seeds]
        self._likely = likely

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """(texts, words) → the same shape"""
        left = scores
        for processor in self._likely:
            left = processor(input_ids, left)
        left = left.float()
        uniform = torch.stack([torch.rand(left.shape[1], generator=draw, dtype=torch.float64) for draw in self._draws])
        return left - (-uniform.clamp(min=1e-300).log()).log().to(left.device, torch.float32)


class TextToText:
    """A loaded model, on the GPU where there is one."""

    def __init__(self, reference: BaseModelRef, folder: Path | None, outside: Outside, field: str) -> None:
        """
        Args:
            folder: that a relative path starts at.
            field: what errors begin with.

        Raises:
            InvalidInput: it cannot be had, is not in safetensors, or is none for text to text.
        """
        torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))
        with fetched(reference, folder, outside.mirror, outside, field) as found:
            files = (folders.file_entry(found.folder, found.folder / path) for path in kept_files(found.folder))
            self.digest = tree_digest((entry.path, entry.sha256) for entry in files)
            self._model, self.tokenizer = _load(found.folder, f"{field}.uri: {reference.uri}")

    def answer(self, tokens: Sequence[list[int]], drawn: Drawn | None, most: int) -> list[list[int]]:
        """What the model writes for each text, of `most` tokens at most, the token that its decoder starts with first.

        Args:
            tokens: of each text.
            drawn: None takes the likeliest word each time.
        """
        padded = self.tokenizer.pad({"input_ids": list(tokens)}, return_tensors="pt").to(self._model.device)
        config = copy.deepcopy(self._model.generation_config)  # a model's own may ask for beams, or several answers
        config.update(do_sample=False, num_beams=1, num_return_sequences=1, max_new_tokens=most, max_length=None)
        config.update(temperature=None, top_k=None, top_p=None)
        with torch.inference_mode():
            answers = self._model.generate(
                input_ids=padded["input_ids"],
                attention_mask=padded["attention_mask"],
                generation_config=config,
                logits_processor=LogitsProcessorList([drawn] if drawn else []),
            )
        return [list(answer) for answer in answers.tolist()]

    def whole(self, answer: list[int]) -> list[int] | None:
        """Up to its end; None: it has none."""
        end = next((place for place, token in enumerate(answer[1:], 1) if token in self._ends), None)
        return None if end is None else answer[:end]

    def text(self, answer: list[int]) -> str:
        return " ".join(str(self.tokenizer.decode(answer, skip_special_tokens=True)).split())

    @property
    def _ends(self) -> list[int]:
        end = self._model.generation_config.eos_token_id
        return end if isinstance(end, list) else [end]


def _load(folder: Path, named: str) -> tuple[Any, Any]:
    """Model and tokenizer."""
    if not any(folder.rglob("*.safetensors")):
        raise InvalidInput(
            f"{named} has no *.safetensors. Save it with its tokenizer by AutoModelForSeq2SeqLM.from_pretrained(…)."
            f"save_pretrained(folder), and give that folder."
        )
    disable_progress_bar()  # type: ignore[no-untyped-call]
    ours = {"local_files_only": True, "trust_remote_code": False}
    try:
        model = AutoModelForSeq2SeqLM.from_pretrained(str(folder), use_safetensors=True, dtype=torch.float32, **ours).eval()
        tokenizer = AutoTokenizer.from_pretrained(str(folder), **ours)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise InvalidInput(
            f"{named} cannot be loaded as a sequence-to-sequence model: {' '.join(str(error).split())[:300]}. Give one such as "
            f"T5 or BART."
        ) from error
    if model.generation_config.eos_token_id is None or tokenizer.pad_token_id is None:
        raise InvalidInput(
            f"{named} does not say which token ends a text, or which one fills a batch. Set eos_token_id in its "
            f"generation_config.json and pad_token in its tokenizer_config.json."
        )
    return model.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer
