"""What is done to rows that are built: the parts of `prepare` that take a model, or rows of another job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from embtune_api.data import Data
from embtune_api.documents.prepare import ResolvedBase
from embtune_api.requests import PrepareRequest
from embtune_api.status import Progress
from embtune_trainer.prepare.augment import AugmentJob
from embtune_trainer.prepare.balance import balanced
from embtune_trainer.prepare.checks.tokens import TokenCheck
from embtune_trainer.prepare.examine import Examined, build_sides
from embtune_trainer.prepare.labels import LabelCheck
from embtune_trainer.prepare.mining.job import MiningJob
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.replay import ReplayJob


@dataclass(frozen=True)
class Completion:
    """What is fixed before the first row is looked at, however often the rows are divided anew. Parts are None where the job does
    not want them."""

    wanted: Data
    tokens: TokenCheck
    labels: LabelCheck | None
    mining: MiningJob | None
    augmenting: AugmentJob | None
    replay: ReplayJob | None

    @classmethod
    def of(
        cls,
        request: PrepareRequest,
        outside: Outside,
        base: ResolvedBase,
        replay: ReplayJob | None,
        report_progress: Callable[[Progress], None],
    ) -> Completion:
        """
        Raises:
            InvalidInput: the synonyms cannot be used.
        """
        assert request.data
        return cls(
            request.data,
            TokenCheck(outside.own, base.model, request.data.checks, request.training.max_seq_length, request.encoder),
            LabelCheck.of(request, outside.own, base, report_progress),
            MiningJob.of(request, outside.own, base, outside.mirror, outside.secrets, report_progress),
            AugmentJob.of(request, outside, base, report_progress),
            replay,
        )

    @property
    def miner(self) -> ResolvedBase | None:
        """The model that looks for hard negatives."""
        return self.mining.miner if self.mining else None

    def complete(self, examined: Examined) -> Examined:
        """In this order: what the base model's tokenizer makes of the texts is told; rows whose labels are doubted go; those that
        stay get hard negatives; each is counted as often as its source and its class say, and as often others are made of it.
        Rows of an earlier version come last: they have been through all this.

        Raises:
            InvalidInput: a part's model cannot be used, or a finding whose action is Fail.
        """
        examined = self._without_doubted(self.tokens.look(examined))
        built, divided = examined.built, examined.divided
        if self.mining:
            built = self.mining.mine(built)
        built = balanced(built, self.wanted)
        if self.augmenting:
            built = self.augmenting.augment(built, divided)
        if self.replay:
            built = self.replay.mix(built, divided)
        return replace(examined, built=built)

    def _without_doubted(self, examined: Examined) -> Examined:
        if self.labels is None:
            return examined
        divided, findings, report = self.labels.look(examined.divided)
        built = examined.built if divided is examined.divided else build_sides(divided, self.wanted)
        return replace(examined, divided=divided, built=built, findings=[*examined.findings, *findings], labels=report)
