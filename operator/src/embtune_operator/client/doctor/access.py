"""Who may do what, as the API server itself answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embtune_operator.kube.kinds import Kind

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi

_OF_ANYBODY = Kind("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False)
_OWN = Kind("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False)


@dataclass(frozen=True)
class Deed:
    group: str
    resource: str
    """Plural, with its subresource: `pods/log`."""
    verb: str


async def may(api: KubeApi, namespace: str, deed: Deed, service_account: str | None = None) -> bool:
    """Whether that service account (`system:serviceaccount:…`) may do it in the namespace; None: whoever asks.

    Raises:
        ClusterError: one may not ask that about others.
    """
    plural, _, subresource = deed.resource.partition("/")
    about = {"namespace": namespace, "group": deed.group, "resource": plural, "subresource": subresource, "verb": deed.verb}
    spec: dict[str, Any] = {"resourceAttributes": about}
    if service_account:
        spec |= {"user": service_account, "groups": ["system:serviceaccounts", "system:authenticated"]}
    kind = _OF_ANYBODY if service_account else _OWN
    review = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": ""}, "spec": spec}
    return bool((await api.create(kind, review)).get("status", {}).get("allowed"))
