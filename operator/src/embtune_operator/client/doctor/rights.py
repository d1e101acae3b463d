"""What the person at the keyboard may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.client.doctor.access import Deed, may
from embtune_operator.client.doctor.finding import Finding, ok, warning

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi

_WISHES = {
    "submit jobs": Deed("embtune.dev", "finetunejobs", "create"),
    "watch them": Deed("embtune.dev", "finetunejobs", "get"),
    "promote and roll back": Deed("embtune.dev", "modelversions", "patch"),
    "read logs": Deed("", "pods/log", "get"),
}


async def check_rights(api: KubeApi, namespace: str) -> list[Finding]:
    denied = [wish for wish, deed in _WISHES.items() if not await may(api, namespace, deed)]
    if denied:
        remedy = f"have somebody bind the ClusterRole edit to you in {namespace}: the chart adds embtune's kinds to it"
        return [warning("your RBAC", f"in {namespace} you may not {', '.join(denied)}", remedy)]
    return [ok("your RBAC", f"in {namespace} you may {', '.join(_WISHES)}")]
