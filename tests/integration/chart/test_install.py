"""The chart on a real API server: every object is taken, an upgrade brings changes along, uninstalling loses no version."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from embtune_operator.versions.finalizer import FINALIZER
from servers.control_plane import ControlPlane
from support.chart import CHART, Helm, Object, objects, the, wait_for

UNINSTALL = ("uninstall", "embtune", "--namespace", "embtune-system", "--no-hooks")
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


def test_upgrades_come_along_and_uninstalling_loses_nothing(
    helm: Helm, plane: ControlPlane, everything: Path, tmp_path: Path
) -> None:
    admin = ("--kubeconfig", plane.kubeconfig)
    helm.run("install", *RELEASE, *PLAIN, *admin)
    _apply_version(plane, "shop-v1")
    wait_for(lambda: len(_pods(plane)) == 2)
    helm.run("upgrade", *RELEASE, "--values", everything, *admin)
    assert _get(plane, "deployment", "embtune")["spec"]["replicas"] == 3
    assert "stallSeconds: 600" in _get(plane, "configmap", "embtune")["data"]["platform.yaml"]
    newer = _with_another_column(tmp_path / "chart")
    helm.run("upgrade", "embtune", newer, "--namespace", "embtune-system", *PLAIN, "--reset-values", *admin)
    assert _get(plane, "deployment", "embtune")["spec"]["replicas"] == 2
    assert "UID" in plane.kubectl("get", "modelversions", "--namespace", "search").partition("\n")[0]
    helm.run(*UNINSTALL, *admin)
    ours = ("-A", "-l", "app.kubernetes.io/part-of=embtune", "-o", "name")
    left = plane.kubectl("get", "deployments,services,configmaps,secrets,roles,clusterroles,networkpolicies", *ours)
    assert left == ""
    version = _get(plane, "modelversion", "shop-v1", "search")
    assert "deletionTimestamp" not in version["metadata"]
    helm.run("install", *RELEASE, *PLAIN, *admin)
    helm.run(*UNINSTALL, *admin)
    plane.kubectl("delete", "modelversion", "shop-v1", "--namespace", "search", "--timeout=20s")


@pytest.mark.parametrize("namespaces", ["[]", '["search"]'], ids=["everywhere", "in one namespace"])
def test_no_finalizer_outlives_the_operator(namespaces: str, helm: Helm, plane: ControlPlane) -> None:
    """The hook's Job, whose command is run here with the rights that the hook gives it: this plane has no node."""
    admin = ("--kubeconfig", plane.kubeconfig)
    helm.run("install", *RELEASE, *PLAIN, "--set-json", f"namespaces={namespaces}", *admin)
    hooks = objects(helm.run("get", "hooks", "embtune", "--namespace", "embtune-system", *admin).stdout)
    _apply_version(plane, "shop-v2", deletionPolicy="Delete")
    held = {"metadata": {"finalizers": [FINALIZER, "example.com/other"]}}
    plane.kubectl("patch", "modelversion", "shop-v2", "--namespace", "search", "--type=merge", "--patch", json.dumps(held))
    helm.run(*UNINSTALL, *admin)
    job = the("Job", hooks)
    rights = json.dumps({"apiVersion": "v1", "kind": "List", "items": [hook for hook in hooks if hook is not job]})
    plane.kubectl("apply", "-f", "-", stdin=rights)
    account = plane.service_account("embtune-system", job["spec"]["template"]["spec"]["serviceAccountName"])
    (container,) = job["spec"]["template"]["spec"]["containers"]
    command = [sys.executable, *container["command"][1:], "--kubeconfig", str(account)]
    for freed in ("search/shop-v2 can be deleted; its files stay in the store\n", ""):
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout == freed
    assert _get(plane, "modelversion", "shop-v2", "search")["metadata"]["finalizers"] == ["example.com/other"]
    plane.kubectl("delete", "-f", "-", stdin=rights)
    free = json.dumps({"metadata": {"finalizers": None}})
    plane.kubectl("patch", "modelversion", "shop-v2", "--namespace", "search", "--type=merge", "--patch", free)
    plane.kubectl("delete", "modelversion", "shop-v2", "--namespace", "search", "--timeout=20s")


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


def _apply_version(plane: ControlPlane, name: str, **more: str) -> None:
    spec = {"model": "shop", "version": 1, "digest": "ab" * 32, **more}
    body = {"apiVersion": "embtune.dev/v1alpha1", "kind": "ModelVersion", "metadata": {"name": name}, "spec": spec}
    plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/modelversions.embtune.dev")
    plane.kubectl("apply", "--namespace", "search", "-f", "-", stdin=json.dumps(body))


def _with_another_column(chart: Path) -> Path:
    """The chart of a later release, whose versions have one more column."""
    shutil.copytree(CHART, chart)
    path = chart / "files" / "crds" / "embtune.dev_modelversions.yaml"
    (definition,) = objects(path.read_text(encoding="utf-8"))
    column = {"name": "UID", "type": "string", "jsonPath": ".metadata.uid"}
    definition["spec"]["versions"][0]["additionalPrinterColumns"].append(column)
    path.write_text(json.dumps(definition), encoding="utf-8")
    return chart


def _pods(plane: ControlPlane) -> list[str]:
    selector = "app.kubernetes.io/component=operator"
    return plane.kubectl("get", "pods", "--namespace", "embtune-system", "-l", selector, "-o", "name").splitlines()


def _get(plane: ControlPlane, kind: str, name: str, namespace: str = "embtune-system") -> Object:
    found: Object = json.loads(plane.kubectl("get", kind, name, "--namespace", namespace, "-o", "json"))
    return found
