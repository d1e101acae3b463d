"""Texts in other words, by a sequence-to-sequence model that is asked in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from transformers import TemperatureLogitsWarper, TopKLogitsWarper

from embtune_api.augment import Paraphrase
from embtune_api.base_model import BaseModelRef
from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.text_to_text import Drawn, TextToText

FIELD = "data.augment.paraphrase"
BATCH = 32
MOST_TOKENS = 512
"""Of a text that is read, prompt included."""
LIKELIEST = 50
"""Words that are drawn from: the many unlikely ones are together likely enough to spoil a text."""


class Paraphraser:
    """
    Raises:
        InvalidInput: the model cannot be had, or is none for text to text.
    """

    def __init__(self, wanted: Paraphrase, reference: BaseModelRef, folder: Path | None, outside: Outside) -> None:
        self._wanted = wanted
        self._model = TextToText(reference, folder, outside, FIELD)
        self.digest = self._model.digest

    def paraphrase(self, asked: Sequence[tuple[str, Chance]], report: Callable[[int, int], None]) -> list[str | None]:
        """What became of each text; None: it is too long to be read whole, or its paraphrase does not come to an end.

        `report` is called with how many texts of how many are done.
        """
        tokenizer = self._model.tokenizer
        texts = [f"{self._wanted.prompt}{text}" for text, _ in asked]
        tokens = tokenizer(texts, verbose=False)["input_ids"] if texts else []
        most = min(MOST_TOKENS, tokenizer.model_max_length)
        readable = [number for number in range(len(asked)) if len(tokens[number]) <= most]
        readable.sort(key=lambda number: (-len(tokens[number]), asked[number][0], asked[number][1].content))
        said: list[str | None] = [None] * len(asked)
        for start in range(0, len(readable), BATCH):
            batch = readable[start : start + BATCH]
            drawn = self._drawn([asked[number][1] for number in batch])
            answers = self._model.answer([tokens[number] for number in batch], drawn, self._wanted.max_tokens)
            for number, answer in zip(batch, answers, strict=True):
                whole = self._model.whole(answer)
                said[number] = None if whole is None else self._model.text(whole)
            report(start + len(batch), len(readable))
        return said

    def _drawn(self, chances: list[Chance]) -> Drawn | None:
        temperature = self._wanted.temperature
        if not temperature:
            return None
        seeds = [chance.number("Paraphrase") for chance in chances]
        return Drawn(seeds, TemperatureLogitsWarper(temperature), TopKLogitsWarper(LIKELIEST))
