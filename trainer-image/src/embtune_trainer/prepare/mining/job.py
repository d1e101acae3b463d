"""The part of `prepare` that mines: who looks, and with what. torch is imported at the first row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from embtune_api.base_model import BaseModelRef
from embtune_api.documents.prepare import ResolvedBase
from embtune_api.documents.release import Release
from embtune_api.encoder import Encoder
from embtune_api.mine import Mine
from embtune_api.places import VersionSelector
from embtune_api.reports import Finding
from embtune_api.requests import PrepareRequest
from embtune_api.status import Progress
from embtune_store import documents
from embtune_store.protocol import Store
from embtune_trainer.prepare.base_model import resolve_base
from embtune_trainer.prepare.builders import Built
from embtune_trainer.prepare.outside import Outside

if TYPE_CHECKING:
    from embtune_trainer.prepare.mining.cross_encoder import PairReader

FIRST_PERCENT, LAST_PERCENT = 62, 90


@dataclass(frozen=True)
class MiningJob:
    """What is fixed before the first row is looked at, however often the rows are divided anew."""

    wanted: Mine
    request: PrepareRequest
    store: Store
    miner: ResolvedBase
    """The base, or what was in production when this was made."""
    mirror: Path | None
    secrets: Path | None
    report_progress: Callable[[Progress], None]
    base_looks: bool = True
    findings: list[Finding] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        request: PrepareRequest,
        store: Store,
        base: ResolvedBase,
        mirror: Path | None,
        secrets: Path | None,
        report_progress: Callable[[Progress], None],
    ) -> MiningJob | None:
        """None: nothing is to be mined."""
        wanted = request.data.mine if request.data else None
        if wanted is None:
            return None
        job = cls(wanted, request, store, base, mirror, secrets, report_progress)
        if wanted.with_ == "Base":
            return job
        champion = _champion(request, store)
        if champion is not None:
            return replace(job, miner=champion, base_looks=False)
        message = (
            "got negatives that the base model looked for (data.mine.with: Champion): nothing of the line is in production yet"
        )
        return replace(job, findings=[Finding(check="mine/champion", rows=0, action="kept", message=message)])

    @property
    def encoder(self) -> Encoder | None:
        """The base looks as the published model will; what is in production is what it is."""
        return self.request.encoder if self.base_looks else None

    def mine(self, built: Built) -> Built:
        """The same rows, those to train on with hard negatives.

        Raises:
            InvalidInput: the cross-encoder cannot be used.
            EmbtuneError: the model cannot embed the rows.
        """
        from embtune_trainer.prepare.mining.mine import mine_negatives

        reader = self._reader
        mined = mine_negatives(built.train, built.validation, self.wanted, self, reader)
        return replace(built, train=mined.rows, findings=[*built.findings, *self.findings, *mined.findings], mining=mined.report)

    def tell(self, share: float, message: str) -> None:
        percent = FIRST_PERCENT + share * (LAST_PERCENT - FIRST_PERCENT)
        self.report_progress(Progress(percent=round(percent, 1), message=message))

    @cached_property
    def _reader(self) -> PairReader | None:
        if self.wanted.cross_encoder is None:
            return None
        from embtune_trainer.prepare.mining.cross_encoder import PairReader

        reference = BaseModelRef(uri=self.wanted.cross_encoder.uri, secret_ref=self.request.base_model.secret_ref)
        folder = Path(self.request.folder) if self.request.folder is not None else None
        return PairReader(reference, folder, self.mirror, Outside(self.store, self.secrets))


def _champion(request: PrepareRequest, store: Store) -> ResolvedBase | None:
    release = documents.read(store, request.line_keys.release, Release)
    if release is None or release.production is None:
        return None
    return resolve_base(
        BaseModelRef(version=VersionSelector(model=request.model)),
        store=store,
        namespace=request.namespace,
        staged=request.job_keys.step("prepare", request.digest).base_model,
        folder=None,
        mirror=None,
    )
