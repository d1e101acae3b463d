"""Wishes about a job: suspend and resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.client.session import talk
from embtune_operator.client.wishes import PATIENCE_SECONDS, wish
from embtune_operator.kube.kinds import FINETUNEJOB

if TYPE_CHECKING:
    from embtune_api.status import LastRequest
    from embtune_api.wish import Action
    from embtune_operator.client.session import Target
    from embtune_operator.kube.api import KubeApi

SAVING_SECONDS = 330.0
"""A training has 300 seconds to save its checkpoint."""


def ask_suspension(target: Target, job: str, reason: str) -> LastRequest:
    """Returns when the pods are free. Raises InvalidInput: no such job, or it is refused."""
    return _ask(target, job, "suspend", reason, SAVING_SECONDS)


def ask_resumption(target: Target, job: str, reason: str) -> LastRequest:
    """Raises InvalidInput: no such job, or it is refused, as while spec.suspend is true."""
    return _ask(target, job, "resume", reason, PATIENCE_SECONDS)


def _ask(target: Target, job: str, action: Action, reason: str, patience: float) -> LastRequest:
    async def asked(api: KubeApi, namespace: str) -> LastRequest:
        return await wish(api, FINETUNEJOB, namespace, job, action, reason, patience)

    return talk(target, asked)
