"""The batch/v1 Job of a step that runs in one pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.kube.kinds import JOB
from embtune_operator.kube.pods import pod_template

if TYPE_CHECKING:
    from embtune_operator.kube.api import Object
    from embtune_operator.kube.pods import Blueprint


def build_step_job(blueprint: Blueprint) -> Object:
    """Its pod is never started again: attempts are counted by the pipeline, which tells one cause from another.

    There is no podFailurePolicy: with one, the Job fails for good when Kueue suspends it, since the exit of a pod that was
    deleted to that end would match a rule.
    """
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": blueprint.metadata(),
        "spec": {"backoffLimit": 0, "completions": 1, "parallelism": 1, "template": pod_template(blueprint)},
    }
