"""All checks, in the order in which one would look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.client.doctor.crds import check_crds
from embtune_operator.client.doctor.finding import Finding, ok, warning
from embtune_operator.client.doctor.operator import check_operator
from embtune_operator.client.doctor.platform import check_gpus, check_launcher, check_namespace, read_platform
from embtune_operator.client.doctor.rights import check_rights
from embtune_operator.client.doctor.store import check_store
from embtune_operator.kube.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from embtune_operator.kube.api import KubeApi


async def examine(api: KubeApi, namespace: str) -> list[Finding]:
    """What can be seen with the rights that one has.

    Raises:
        ClusterError: the API server does not answer at all.
    """
    platform = await read_platform(api)
    return [
        ok("API server", api.connection.client.configuration.host),
        *await _seen("CRDs", check_crds(api)),
        *await _seen("operator", check_operator(api, namespace)),
        *await _seen("store", check_store(api, platform)),
        *await _seen("launcher", check_launcher(api, platform)),
        *await _seen("GPUs", check_gpus(api, platform)),
        *await _seen("namespace", check_namespace(api, namespace)),
        *await check_rights(api, namespace),
    ]


async def _seen(about: str, check: Awaitable[list[Finding]]) -> list[Finding]:
    """What the check finds, or that one may not look."""
    try:
        return await check
    except Forbidden as refusal:
        return [warning(about, f"you may not look: {refusal}", "ask somebody who administers the cluster to run this")]
