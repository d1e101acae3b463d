"""The base models of a job's candidates: found, looked through, and put beside the job's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from embtune_trainer.prepare.base_model import resolve_base
from embtune_trainer.prepare.two_encoders import refuse_two_encoders

if TYPE_CHECKING:
    from embtune_api.documents.prepare import ResolvedBase
    from embtune_api.requests import PrepareRequest
    from embtune_trainer.prepare.outside import Outside


def resolve_candidates(request: PrepareRequest, outside: Outside) -> dict[str, ResolvedBase]:
    """By the name of the candidate; those that start where the job does are not among them.

    Raises:
        InvalidInput: one cannot be had, or is no sentence-transformers model: before a GPU is asked for.
    """
    found = {}
    for name, reference in request.bases.items():
        field = f"candidates[{name}].baseModel"
        found[name] = resolve_base(
            reference,
            store=outside.own,
            namespace=request.namespace,
            staged=request.job_keys.step("prepare", request.digest).base_model,
            folder=Path(request.folder) if request.folder is not None else None,
            mirror=outside.mirror,
            secrets=outside.secrets,
            field=field,
        )
        refuse_two_encoders(found[name], request.training, field)
    return found
