"""What the platform has for jobs: a launcher, GPUs, the namespace."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from embtune_operator.client.doctor.finding import Finding, error, ok, warning
from embtune_operator.client.doctor.operator import DEPLOYMENT, find_operator
from embtune_operator.kube.errors import Forbidden
from embtune_operator.kube.kinds import NAMESPACE, NODE, PYTORCHJOB, Kind
from embtune_operator.kube.platform import Platform

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi

CONFIG_MAP = Kind("", "v1", "configmaps", "ConfigMap")
FILE = "platform.yaml"


async def read_platform(api: KubeApi) -> Platform | None:
    """The settings that the operator runs with; None where they cannot be read."""
    from ruamel.yaml import YAML

    try:
        deployment = await find_operator(api)
        if deployment is None:
            return None
        maps = await api.list(CONFIG_MAP, deployment["metadata"]["namespace"], labels="app.kubernetes.io/name=embtune")
    except Forbidden:
        return None
    text = next((found["data"][FILE] for found in maps if FILE in (found.get("data") or {})), None)
    try:
        return Platform.model_validate(YAML(typ="safe", pure=True).load(io.StringIO(text))) if text else None
    except ValidationError:  # of another version than this command
        return None


async def check_launcher(api: KubeApi, platform: Platform | None) -> list[Finding]:
    wanted = platform.launcher if platform else "Auto"
    served = await api.serves(PYTORCHJOB)
    if not served and wanted == "PyTorchJob":
        remedy = "install the Kubeflow training operator, or set launcher: Auto in the chart's values"
        return [error("launcher", "launcher is PyTorchJob, but this cluster has no such CRD", remedy)]
    if not served or wanted == "IndexedJob":
        return [ok("launcher", "trainings run as Indexed Jobs" + ("" if served else ": the PyTorchJob CRD is not there"))]
    operators = [d for d in await api.list(DEPLOYMENT) if "training-operator" in d["metadata"]["name"]]
    if not any(d.get("status", {}).get("readyReplicas") for d in operators):
        remedy = "start the training operator, or set launcher: IndexedJob in the chart's values"
        return [
            error(
                "launcher",
                "the PyTorchJob CRD is there, but no training operator is ready: trainings would wait for ever",
                remedy,
            )
        ]
    return [ok("launcher", "trainings run as PyTorchJobs, and the training operator is ready")]


async def check_gpus(api: KubeApi, platform: Platform | None) -> list[Finding]:
    resources = sorted({profile.gpu_resource for profile in platform.profiles.values()}) if platform else ["nvidia.com/gpu"]
    nodes = await api.list(NODE)
    findings = []
    for resource in resources:
        having = {node["metadata"]["name"]: int(node["status"].get("allocatable", {}).get(resource, 0)) for node in nodes}
        total = sum(having.values())
        if total:
            findings.append(ok("GPUs", f"{total} {resource} on {sum(map(bool, having.values()))} of {len(nodes)} nodes"))
        else:
            remedy = "install the vendor's device plugin; jobs with runtime.gpusPerNode: 0 run on CPUs"
            findings.append(warning("GPUs", f"no node offers {resource}", remedy))
    return findings


async def check_namespace(api: KubeApi, namespace: str) -> list[Finding]:
    found = await api.get(NAMESPACE, None, namespace)
    if found is None:
        return [error("namespace", f"there is no namespace {namespace}", f"kubectl create namespace {namespace}")]
    level = _pod_security(found)
    said = (
        f"pod security {level} is enforced"
        if level
        else "no pod security level is enforced; step pods would run under `restricted`"
    )
    return [ok("namespace", f"{namespace}: {said}")]


def _pod_security(namespace: dict[str, Any]) -> str:
    return str((namespace["metadata"].get("labels") or {}).get("pod-security.kubernetes.io/enforce", ""))
