"""What is made for a child: one object, and before it those that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.kube.indexed_job import build_indexed_job, build_rendezvous_service
from embtune_operator.kube.kinds import JOB, PYTORCHJOB, SERVICE
from embtune_operator.kube.pytorch_job import build_pytorch_job
from embtune_operator.kube.step_job import build_step_job

if TYPE_CHECKING:
    from embtune_api.status import Launch
    from embtune_operator.kube.api import Object
    from embtune_operator.kube.kinds import Kind
    from embtune_operator.kube.pods import Blueprint


def build_child(blueprint: Blueprint, launch: Launch) -> list[tuple[Kind, Object]]:
    """In the order in which they are created."""
    if blueprint.request.step != "train":
        return [(JOB, build_step_job(blueprint))]
    if launch.launcher == "PyTorchJob":
        return [(PYTORCHJOB, build_pytorch_job(blueprint))]
    if blueprint.job.spec.runtime.nodes == 1:
        return [(JOB, build_indexed_job(blueprint))]
    return [(SERVICE, build_rendezvous_service(blueprint)), (JOB, build_indexed_job(blueprint))]
