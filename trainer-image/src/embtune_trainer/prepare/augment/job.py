"""The part of `prepare` that makes rows of rows: with which methods, and what the data-report tells of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from embtune_api.augment import Augment, AugmentMethod
from embtune_api.augment_report import AugmentedExample, AugmentReport
from embtune_api.base_model import BaseModelRef
from embtune_api.documents.prepare import ResolvedBase
from embtune_api.reports import Finding
from embtune_api.requests import PrepareRequest
from embtune_api.status import Progress
from embtune_trainer.prepare.augment.casing import recase
from embtune_trainer.prepare.augment.deletion import delete_words
from embtune_trainer.prepare.augment.make import Asked, Attempt, Method, attempt, text_of
from embtune_trainer.prepare.augment.sift import Sifted, sift
from embtune_trainer.prepare.augment.swap import swap_words
from embtune_trainer.prepare.augment.synonyms import Synonyms, read_synonyms
from embtune_trainer.prepare.augment.tokenizer import ignores_case
from embtune_trainer.prepare.augment.typos import mistype
from embtune_trainer.prepare.builders import Built
from embtune_trainer.prepare.divide import Divided
from embtune_trainer.prepare.findings import shorten
from embtune_trainer.prepare.outside import Outside

if TYPE_CHECKING:
    from embtune_trainer.prepare.augment.paraphrase import Paraphraser

PERCENT = 90
EXAMPLES_OF_A_METHOD = 2


@dataclass(frozen=True)
class AugmentJob:
    """What is fixed before the first row is made, however often the rows are divided anew. torch is imported at the first
    paraphrase."""

    wanted: Augment
    request: PrepareRequest
    outside: Outside
    base: ResolvedBase
    synonyms: Synonyms | None
    report_progress: Callable[[Progress], None]

    @classmethod
    def of(
        cls, request: PrepareRequest, outside: Outside, base: ResolvedBase, report_progress: Callable[[Progress], None]
    ) -> AugmentJob | None:
        """None: nothing is to be made.

        Raises:
            InvalidInput: the synonyms cannot be used.
        """
        wanted = request.data.augment if request.data else None
        if wanted is None:
            return None
        synonyms = read_synonyms(wanted.synonyms, _folder(request), outside) if wanted.synonyms else None
        return cls(wanted, request, outside, base, synonyms, report_progress)

    def augment(self, built: Built, divided: Divided) -> Built:
        """The same rows, with new ones to train on behind them.

        Raises:
            InvalidInput: the model that paraphrases cannot be used.
        """
        self._tell("making rows of those to train on")
        sifted = sift(attempt(built.train, self.wanted, self._methods), built.train, divided)
        return replace(
            built,
            train=[*built.train, *(attempt.made for attempt in sifted.kept)],
            findings=[*built.findings, *self._casing_that_does_not_count(sifted)],
            augment=self._report(sifted),
        )

    @property
    def _methods(self) -> dict[AugmentMethod, Method]:
        share = self.wanted.share
        methods: dict[AugmentMethod, Method] = {
            "RandomDeletion": partial(_one_by_one, partial(delete_words, share=share)),
            "RandomSwap": partial(_one_by_one, partial(swap_words, share=share)),
            "Typos": partial(_one_by_one, partial(mistype, share=share)),
            "Casing": partial(_one_by_one, recase),
        }
        if self.synonyms:
            methods["SynonymReplacement"] = partial(_one_by_one, partial(self.synonyms.replace, share=share))
        if self._paraphraser:
            methods["Paraphrase"] = partial(self._paraphraser.paraphrase, report=self._tell_of_paraphrases)
        return methods

    @cached_property
    def _paraphraser(self) -> Paraphraser | None:
        if self.wanted.paraphrase is None:
            return None
        from embtune_trainer.prepare.augment.paraphrase import Paraphraser

        reference = BaseModelRef(uri=self.wanted.paraphrase.uri, secret_ref=self.request.base_model.secret_ref)
        return Paraphraser(self.wanted.paraphrase, reference, _folder(self.request), self.outside)

    def _tell(self, message: str) -> None:
        self.report_progress(Progress(percent=PERCENT, message=message))

    def _tell_of_paraphrases(self, done: int, of: int) -> None:
        self._tell(f"paraphrased {done} of {of} texts")

    def _report(self, sifted: Sifted) -> AugmentReport:
        made = Counter(attempt.method for attempt in sifted.kept)
        return AugmentReport(
            rows=len(sifted.kept),
            made={method: made[method] for method in sorted(set(self.wanted.methods))},
            dropped={reason: count for reason, count in sorted(sifted.dropped.items()) if count},
            synonyms=self.synonyms.sha256 if self.synonyms else None,
            paraphraser=self._paraphraser.digest if self._paraphraser else None,
            examples=_examples(sifted.kept),
        )

    def _casing_that_does_not_count(self, sifted: Sifted) -> list[Finding]:
        rows = sum(attempt.method == "Casing" for attempt in sifted.kept)
        if not rows or not ignores_case(self.outside.own, self.base.model):
            return []
        message = (
            "were made by Casing, and the base model's tokenizer makes every letter small: to it they are copies of the rows "
            "that they were made of. Leave Casing out of data.augment.methods"
        )
        return [Finding(check="augment/casing", rows=rows, action="kept", message=message)]


def _folder(request: PrepareRequest) -> Path | None:
    return Path(request.folder) if request.folder is not None else None


def _one_by_one(change: Callable[..., str], asked: Asked) -> list[str | None]:
    return [change(text, chance=chance) for text, chance in asked]


def _examples(kept: list[Attempt]) -> list[AugmentedExample]:
    """The first of each method."""
    first: dict[AugmentMethod, list[AugmentedExample]] = {}
    for made in kept:
        shown = first.setdefault(made.method, [])
        if len(shown) < EXAMPLES_OF_A_METHOD:
            column, after = next(iter(made.changed.items()))
            before = text_of(made.row, column)
            shown.append(AugmentedExample(method=made.method, column=column, before=shorten(before), after=shorten(after)))
    return [example for method in sorted(first) for example in first[method]]
