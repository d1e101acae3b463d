"""A cluster that somebody else made (kind, k3d, a cloud): MinIO and the training operator are installed there, when meant."""

from dataclasses import dataclass
from pathlib import Path

from cluster.place import KUBECONFIG
from cluster.progress import say, stage
from cluster.workloads import Workloads

MINIO_IMAGE = "minio/minio:RELEASE.2025-07-23T15-54-02Z"
"""The latest that upstream published and people still have; another one can be given."""


@dataclass(frozen=True)
class Given:
    kubeconfig: Path
    context: str
    allowed: str
    """The context that the caller has named as one that may be changed."""
    minio_image: str
    training_operator_image: str
    """Empty: what its own manifests say."""

    def refusal(self) -> str:
        """Why nothing is done there; empty when it may be."""
        if not self.kubeconfig.is_file():
            return f"There is no kubeconfig {self.kubeconfig}."
        if not self.context:
            return f"Say which context of {self.kubeconfig} is meant: CONTEXT=name."
        if self.allowed != self.context and self.kubeconfig.resolve() != KUBECONFIG:
            return (
                f"The context {self.context} was not made by `make cluster-up`, so nothing is changed there. "
                f"If it is meant for tests, say so: ALLOW_CONTEXT={self.context}"
            )
        return ""

    def up(self) -> None:
        with stage(f"MinIO and the training operator in {self.context}"):
            self._workloads().install()

    def down(self) -> None:
        self._workloads().remove()
        say(f"what was installed in {self.context} is removed")

    def _workloads(self) -> Workloads:
        return Workloads(self.kubeconfig, self.context, self.minio_image, self.training_operator_image)
