"""Are the resources of embtune known to this API server?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embtune_operator.client.doctor.finding import Finding, error, ok
from embtune_operator.kube.kinds import CRD, EMBEDDINGMODEL, FINETUNEJOB, MODELVERSION

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi

INSTALL = "install the chart: helm install embtune charts/embtune --namespace embtune-system --create-namespace"


async def check_crds(api: KubeApi) -> list[Finding]:
    kinds = (FINETUNEJOB, MODELVERSION, EMBEDDINGMODEL)
    missing = [kind for kind in kinds if not await api.serves(kind)]
    if missing:
        names = ", ".join(f"{kind.plural}.{kind.group}" for kind in missing)
        return [error("CRDs", f"the API server does not know {names}", INSTALL)]
    found = [await api.get(CRD, None, f"{kind.plural}.{kind.group}") for kind in kinds]
    troubled = [f"{crd['metadata']['name']}: {trouble}" for crd in found if crd for trouble in _troubles(crd)]
    if troubled:
        return [error("CRDs", "; ".join(troubled), "kubectl describe crd of that name says why; then upgrade the chart")]
    return [ok("CRDs", "FineTuneJob, ModelVersion and EmbeddingModel are served")]


def _troubles(crd: dict[str, Any]) -> list[str]:
    """Conditions that are not as they should be."""
    wanted = {"Established": "True", "NamesAccepted": "True", "NonStructuralSchema": "False"}
    conditions = crd.get("status", {}).get("conditions") or []
    return [
        f"{c['type']} is {c['status']}: {c.get('message', '')}"
        for c in conditions
        if c["status"] != wanted.get(c["type"], c["status"])
    ]
