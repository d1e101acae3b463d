"""All checks, in the order in which one would look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.client.doctor.crds import check_crds
from embtune_operator.client.doctor.finding import Finding, ok
from embtune_operator.client.doctor.operator import check_operator
from embtune_operator.client.doctor.platform import check_gpus, check_launcher, check_namespace, check_store, read_platform
from embtune_operator.client.doctor.rights import check_rights

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi


async def examine(api: KubeApi, namespace: str) -> list[Finding]:
    """
    Raises:
        ClusterError: the API server does not answer at all.
    """
    findings = [ok("API server", api.connection.client.configuration.host), *await check_crds(api)]
    platform = await read_platform(api)
    findings += await check_operator(api, namespace)
    findings += await check_store(api, platform)
    findings += await check_launcher(api, platform)
    findings += await check_gpus(api, platform)
    findings += await check_namespace(api, namespace)
    return [*findings, *await check_rights(api, namespace)]
