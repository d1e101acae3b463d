"""The step `prepare` of a registration: a model from outside is looked through and staged; there is no data."""

import time
from collections.abc import Callable
from pathlib import Path

from embtune_api.documents.files import StepManifest
from embtune_api.documents.prepare import StagedFacts
from embtune_api.requests import PrepareRequest
from embtune_api.status import Progress
from embtune_store.protocol import Store
from embtune_trainer.prepare.base_model import resolve_base
from embtune_trainer.prepare.line import claim_line
from embtune_trainer.prepare.outputs import finish, staged_entries


def stage_model(
    request: PrepareRequest,
    store: Store,
    report_progress: Callable[[Progress], None],
    mirror: Path | None,
    secrets: Path | None,
) -> StepManifest:
    """Stage the model that the request names.

    Raises:
        InvalidInput: it cannot be had, or is no sentence-transformers model in safetensors.
    """
    keys = request.job_keys.step("prepare", request.digest)
    started = time.monotonic()
    folder = Path(request.folder) if request.folder is not None else None
    claim_line(store, request.line_keys, request.owner)
    report_progress(Progress(percent=0, message="fetching the model"))
    base = resolve_base(
        request.base_model,
        store=store,
        namespace=request.namespace,
        staged=keys.base_model,
        folder=folder,
        mirror=mirror,
        secrets=secrets,
    )
    report_progress(Progress(percent=100, message="staged"))
    manifest = StepManifest(
        step="prepare",
        input_digest=request.digest,
        files=staged_entries(keys, base.model),
        facts=StagedFacts(base=base).model_dump(mode="json"),
        seconds=round(time.monotonic() - started, 3),
    )
    return finish(store, keys, manifest)
