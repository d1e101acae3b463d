"""Does an operator run, and may it do its work?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from embtune_operator.client.doctor.access import Deed, may
from embtune_operator.client.doctor.crds import INSTALL
from embtune_operator.client.doctor.finding import Finding, error, ok, warning
from embtune_operator.cluster import ClusterError
from embtune_operator.kube.kinds import LEASE, Kind

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi

DEPLOYMENT = Kind("apps", "v1", "deployments", "Deployment")
SELECTOR = "app.kubernetes.io/name=embtune,app.kubernetes.io/component=operator"
_NEEDS = (
    Deed("batch", "jobs", "create"),
    Deed("batch", "jobs", "delete"),
    Deed("kubeflow.org", "pytorchjobs", "create"),
    Deed("", "pods", "list"),
    Deed("", "secrets", "create"),
    Deed("", "secrets", "patch"),
    Deed("", "services", "create"),
    Deed("", "events", "create"),
    Deed("embtune.dev", "finetunejobs/status", "patch"),
    Deed("embtune.dev", "modelversions", "create"),
)
"""What the operator does in the namespace of a job."""


async def find_operator(api: KubeApi) -> dict[str, Any] | None:
    """The operator's Deployment, wherever it is."""
    found = await api.list(DEPLOYMENT, labels=SELECTOR)
    return found[0] if found else None


async def check_operator(api: KubeApi, namespace: str) -> list[Finding]:
    deployment = await find_operator(api)
    if deployment is None:
        return [error("operator", "no operator Deployment was found", INSTALL)]
    return [_running(deployment), *await _leading(api, deployment), *await _rights(api, deployment, namespace)]


def _running(deployment: dict[str, Any]) -> Finding:
    home, name = deployment["metadata"]["namespace"], deployment["metadata"]["name"]
    ready, wanted = deployment.get("status", {}).get("readyReplicas", 0), deployment["spec"].get("replicas", 1)
    what = f"{home}/{name}: {ready} of {wanted} replicas are ready"
    look = f"kubectl -n {home} describe pods -l {SELECTOR}; kubectl -n {home} logs deploy/{name}"
    if ready == 0:
        return error("operator", what, look)
    return ok("operator", what) if ready >= wanted else warning("operator", what, look)


async def _leading(api: KubeApi, deployment: dict[str, Any]) -> list[Finding]:
    home = deployment["metadata"]["namespace"]
    leases = [lease for lease in await api.list(LEASE, home) if lease["metadata"]["name"].startswith("embtune")]
    if not leases:
        return [warning("leader", f"there is no Lease in {home}", "fine when leaderElection is off; else see the operator's log")]
    spec = leases[0]["spec"]
    if not spec.get("holderIdentity"):
        return [
            warning("leader", "nobody leads at this moment", "wait half a minute and look again; else see the operator's log")
        ]
    age = (datetime.now(UTC) - datetime.fromisoformat(spec["renewTime"])).total_seconds()
    if age > 2 * spec["leaseDurationSeconds"]:
        return [error("leader", f"{spec['holderIdentity']} has not renewed its Lease for {age:.0f} s", "see the operator's log")]
    return [ok("leader", f"{spec['holderIdentity']} leads")]


async def _rights(api: KubeApi, deployment: dict[str, Any], namespace: str) -> list[Finding]:
    account = deployment["spec"]["template"]["spec"].get("serviceAccountName", "default")
    user = f"system:serviceaccount:{deployment['metadata']['namespace']}:{account}"
    try:
        denied = [f"{deed.verb} {deed.resource}" for deed in _NEEDS if not await may(api, namespace, deed, user)]
    except ClusterError as refusal:
        return [
            warning(
                "operator RBAC", f"its rights cannot be asked for: {refusal}", "ask somebody who may create SubjectAccessReviews"
            )
        ]
    if denied:
        remedy = "upgrade the chart with rbac.create=true, or add this namespace to its `namespaces`"
        return [error("operator RBAC", f"in {namespace} the operator may not {', '.join(denied)}", remedy)]
    return [ok("operator RBAC", f"the operator may do its work in {namespace}")]
