"""What a cluster needs around embtune: MinIO and the training operator, as objects for the API server."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from cluster.control import KUBECTL
from cluster.progress import say
from servers.programs import TRAINING_OPERATOR

ACCESS_KEY, SECRET_KEY = "embtune-tests", "not-a-secret-at-all"
LABELS = {"app.kubernetes.io/name": "minio"}
DEPLOYMENTS = {"minio": "minio", "kubeflow": "training-operator"}
"""By namespace."""
OWNER_LABEL, OWNER, NOBODY = "app.kubernetes.io/managed-by", "embtune-cluster-up", "nobody: it does not exist"
WAIT_SECONDS = 240


@dataclass(frozen=True)
class Workloads:
    """Where to install, and from which images; without one, the training operator's own is used."""

    kubeconfig: Path
    context: str
    minio_image: str
    training_operator_image: str = ""
    minio_address: str = ""
    """A fixed service address, where the range of addresses is ours."""

    def install(self) -> None:
        """Install and wait. Where a namespace of that name is somebody else's, what it holds is taken as it is."""
        ours = [namespace for namespace in DEPLOYMENTS if self._claim(namespace)]
        if "minio" in ours:
            self._apply(minio(self.minio_image, self.minio_address))
        if "kubeflow" in ours:
            self._apply(self._training_operator())
        for namespace in ours:
            timeout = f"--timeout={WAIT_SECONDS}s"
            self._kubectl("rollout", "status", "deployment", DEPLOYMENTS[namespace], "--namespace", namespace, timeout)

    def remove(self) -> None:
        """Remove what `install` has made, and nothing else."""
        if self._owner("kubeflow") == OWNER:
            self._kubectl("delete", "--ignore-not-found", "-f", "-", stdin=json.dumps(self._training_operator()))
        for namespace in DEPLOYMENTS:
            if self._owner(namespace) == OWNER:
                self._kubectl("delete", "--ignore-not-found", "namespace", namespace)

    def _claim(self, namespace: str) -> bool:
        owner = self._owner(namespace)
        if owner == NOBODY:
            metadata = {"name": namespace, "labels": {OWNER_LABEL: OWNER}}
            self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        elif owner != OWNER:
            say(f"the namespace {namespace} is there already and is left as it is")
        return owner in {NOBODY, OWNER}

    def _owner(self, namespace: str) -> str:
        found = self._kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "json")
        return json.loads(found)["metadata"].get("labels", {}).get(OWNER_LABEL, "") if found else NOBODY

    def _training_operator(self) -> dict[str, Any]:
        """Its own manifests, with our image if there is one."""
        rendered = self._kubectl("kustomize", str(TRAINING_OPERATOR.share / "overlays" / "standalone"))
        items = list(YAML(typ="safe").load_all(rendered))
        items = [item for item in items if item["kind"] != "Namespace"]  # which is made before, with our label
        if self.training_operator_image:
            (deployment,) = (item for item in items if item["kind"] == "Deployment")
            deployment["spec"]["template"]["spec"]["containers"][0]["image"] = self.training_operator_image
        return {"apiVersion": "v1", "kind": "List", "items": items}

    def _apply(self, content: dict[str, Any]) -> None:
        flags = ["--server-side", "--force-conflicts", "--field-manager=cluster-up"]
        self._kubectl("apply", *flags, "-f", "-", stdin=json.dumps(content))

    def _kubectl(self, *arguments: str, stdin: str = "") -> str:
        command = [str(KUBECTL), "--kubeconfig", str(self.kubeconfig), "--context", self.context, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"`kubectl {' '.join(arguments)}` failed: {done.stderr.strip()}")
        return done.stdout


def minio(image: str, address: str = "") -> dict[str, Any]:
    """MinIO on a disk that goes with its pod, allowed in a namespace that enforces `restricted`."""
    return {"apiVersion": "v1", "kind": "List", "items": [_credentials(), _deployment(image), _service(address)]}


def _credentials() -> dict[str, Any]:
    keys = {"MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": _named("minio"), "stringData": keys}


def _deployment(image: str) -> dict[str, Any]:
    container = {
        "name": "minio",
        "image": image,
        "args": ["server", "--address", ":9000", "--console-address", ":9001", "/data"],
        "envFrom": [{"secretRef": {"name": "minio"}}],
        "env": [{"name": "MINIO_UPDATE", "value": "off"}, {"name": "HOME", "value": "/data"}],
        "ports": [{"name": "s3", "containerPort": 9000}],
        "readinessProbe": {"httpGet": {"path": "/minio/health/ready", "port": "s3"}, "periodSeconds": 2},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "containers": [container],
        "volumes": [{"name": "data", "emptyDir": {}}],
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "fsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    spec = {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": pod},
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _named("minio"), "spec": spec}


def _service(address: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"selector": LABELS, "ports": [{"name": "s3", "port": 9000, "targetPort": "s3"}]}
    if address:
        spec["clusterIP"] = address
    return {"apiVersion": "v1", "kind": "Service", "metadata": _named("minio"), "spec": spec}


def _named(name: str) -> dict[str, Any]:
    return {"name": name, "namespace": "minio", "labels": LABELS}
