"""The chart on a real API server: every object is taken, an upgrade brings changes along, uninstalling loses no version."""

import json
from pathlib import Path
from typing import Any

import pytest

from servers.control_plane import ControlPlane
from support.chart import CHART, Helm, Object

RELEASE = ("embtune", CHART, "--namespace", "embtune-system")
PLAIN = ("--set", "store.uri=s3://models/embtune,store.credentials.existingSecret=store")


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    """Values with all that the chart can do, but for the Prometheus operator's kinds."""
    values: dict[str, Any] = {
        "store": {
            "uri": "s3://models/embtune",
            "endpoint": "http://minio.minio:9000",
            "credentials": {"accessKeyId": "embtune", "secretAccessKey": "a-secret"},
        },
        "namespaces": ["search", "support"],
        "replicas": 3,
        "image": {"digest": f"sha256:{'0' * 64}"},
        "podLabels": {"team": "platform"},
        "priorityClassName": "system-cluster-critical",
        "networkPolicy": {"enabled": True, "steps": True, "metricsFrom": [{"namespaceSelector": {}}]},
        "alerts": {"enabled": True, "kind": "ConfigMap"},
        "dashboard": {"enabled": True},
        "argocd": {"health": True},
        "platform": {
            "stallSeconds": 600,
            "profiles": {
                "gpu": {
                    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
                    "resources": {"train": {"limits": {"memory": "32Gi"}}},
                }
            },
        },
    }
    path = tmp_path / "values.yaml"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_helm_finds_nothing_to_say(helm: Helm, everything: Path) -> None:
    helm.run("lint", "--strict", CHART, "--values", everything)
    helm.run("lint", "--strict", CHART, *PLAIN)


@pytest.mark.parametrize("values", ["plain", "everything"])
def test_the_api_server_takes_every_object(values: str, helm: Helm, plane: ControlPlane, everything: Path) -> None:
    found = helm.template(*(PLAIN if values == "plain" else ("--values", everything)))
    objects = json.dumps({"apiVersion": "v1", "kind": "List", "items": found})
    said = plane.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=objects)
    assert said.count("(server dry run)") == len(found)


def test_upgrades_come_along_and_uninstalling_loses_nothing(helm: Helm, plane: ControlPlane, everything: Path) -> None:
    admin = ("--kubeconfig", plane.kubeconfig)
    helm.run("install", *RELEASE, *PLAIN, *admin)
    _apply_version(plane)
    helm.run("upgrade", *RELEASE, "--values", everything, *admin)
    assert _get(plane, "deployment", "embtune")["spec"]["replicas"] == 3
    assert "stallSeconds: 600" in _get(plane, "configmap", "embtune")["data"]["platform.yaml"]
    helm.run("upgrade", *RELEASE, *PLAIN, "--reset-values", *admin)
    assert _get(plane, "deployment", "embtune")["spec"]["replicas"] == 2
    helm.run("uninstall", "embtune", "--namespace", "embtune-system", *admin)
    ours = ("-A", "-l", "app.kubernetes.io/part-of=embtune", "-o", "name")
    left = plane.kubectl("get", "all,configmaps,secrets,roles,clusterroles,networkpolicies", *ours)
    assert left == ""
    version = _get(plane, "modelversion", "shop-v1", "search")
    assert "deletionTimestamp" not in version["metadata"]
    helm.run("install", *RELEASE, *PLAIN, *admin)
    helm.run("uninstall", "embtune", "--namespace", "embtune-system", *admin)


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("storr.uri=s3://m", "additional properties 'storr' not allowed"),
        ("store.endpont=http://m", "at '/store': additional properties 'endpont' not allowed"),
        ("platform.launcher=Local", "at '/platform/launcher'"),
        ("platform.profiles.gpu.nodeSelektor.a=b", "at '/platform/profiles/gpu': additional properties 'nodeSelektor'"),
        ("platform.profiles.GPU.maxNodes=1", "at '/platform/profiles': additional properties 'GPU'"),
        ("platform.profiles.gpu.resources.training.limits.cpu=1", "invalid propertyName 'training'"),
        ("store.uri=minio:9000", "at '/store/uri'"),
        ("store.sessionSeconds=60", "at '/store/sessionSeconds': minimum"),
        ("metricsPort=80", "at '/metricsPort': minimum"),
        ("image.digest=1234", "at '/image/digest'"),
        ("alerts.kind=Email", "at '/alerts/kind'"),
        ("replicas=two", "at '/replicas'"),
        ("store.uri=", "store.uri is needed"),
        ("serviceAccount.create=false", "serviceAccount.name is needed"),
        ("store.credentials.existingSecret=", "store.credentials is needed"),
        ("store.credentials.existingSecret=,store.credentials.accessKeyId=me", "secretAccessKey is needed"),
    ],
)
def test_a_mistake_is_refused_by_name(mistake: str, said: str, helm: Helm) -> None:
    assert said in helm.refusal(*PLAIN, "--set", mistake)


def _apply_version(plane: ControlPlane) -> None:
    spec = {"model": "shop", "version": 1, "digest": "ab" * 32}
    body = {"apiVersion": "embtune.dev/v1alpha1", "kind": "ModelVersion", "metadata": {"name": "shop-v1"}, "spec": spec}
    plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/modelversions.embtune.dev")
    plane.kubectl("apply", "--namespace", "search", "-f", "-", stdin=json.dumps(body))


def _get(plane: ControlPlane, kind: str, name: str, namespace: str = "embtune-system") -> Object:
    found: Object = json.loads(plane.kubectl("get", kind, name, "--namespace", namespace, "-o", "json"))
    return found
