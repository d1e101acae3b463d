"""What the person at the keyboard may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.client.doctor.finding import Finding, ok, warning
from embtune_operator.kube.kinds import Kind

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi

SELF_REVIEW = Kind("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False)
_WISHES = {
    "submit jobs": ("embtune.dev", "finetunejobs", "", "create"),
    "watch them": ("embtune.dev", "finetunejobs", "", "get"),
    "promote and roll back": ("embtune.dev", "modelversions", "", "patch"),
    "read logs": ("", "pods", "log", "get"),
}


async def check_rights(api: KubeApi, namespace: str) -> list[Finding]:
    denied = [wish for wish, attributes in _WISHES.items() if not await _may(api, namespace, *attributes)]
    if denied:
        remedy = f"have somebody bind the ClusterRole edit to you in {namespace}: the chart adds embtune's kinds to it"
        return [warning("your RBAC", f"in {namespace} you may not {', '.join(denied)}", remedy)]
    return [ok("your RBAC", f"in {namespace} you may {', '.join(_WISHES)}")]


async def _may(api: KubeApi, namespace: str, group: str, resource: str, subresource: str, verb: str) -> bool:
    attributes = {"namespace": namespace, "group": group, "resource": resource, "subresource": subresource, "verb": verb}
    body = {
        "apiVersion": SELF_REVIEW.api_version,
        "kind": SELF_REVIEW.kind,
        "metadata": {"name": ""},
        "spec": {"resourceAttributes": attributes},
    }
    return bool((await api.create(SELF_REVIEW, body)).get("status", {}).get("allowed"))
