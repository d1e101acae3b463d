"""The kinds of Kubernetes objects that embtune reads or writes, and where the API server serves them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Kind:
    group: str
    """Empty for the core group."""
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        """Path of the group and version: discovery lists its resources there."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def path(self, namespace: str | None = None, name: str = "", subresource: str = "") -> str:
        """Of one object, or of all of them: in a namespace, or everywhere."""
        where = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        rest = "".join(f"/{quote(part, safe='')}" for part in (name, subresource) if part)
        return f"{self.root}{where}/{self.plural}{rest}"


FINETUNEJOB = Kind("embtune.dev", "v1alpha1", "finetunejobs", "FineTuneJob")
MODELVERSION = Kind("embtune.dev", "v1alpha1", "modelversions", "ModelVersion")
EMBEDDINGMODEL = Kind("embtune.dev", "v1alpha1", "embeddingmodels", "EmbeddingModel")
JOB = Kind("batch", "v1", "jobs", "Job")
PYTORCHJOB = Kind("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob")
POD = Kind("", "v1", "pods", "Pod")
SERVICE = Kind("", "v1", "services", "Service")
SECRET = Kind("", "v1", "secrets", "Secret")
EVENT = Kind("", "v1", "events", "Event")
LEASE = Kind("coordination.k8s.io", "v1", "leases", "Lease")
NAMESPACE = Kind("", "v1", "namespaces", "Namespace", namespaced=False)
CRD = Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False)
NODE = Kind("", "v1", "nodes", "Node", namespaced=False)
