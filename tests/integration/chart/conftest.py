"""What the tests of the chart share: the programs that judge it, and an API server whose definitions are the chart's alone."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.control_plane import ControlPlane, running_control_plane
from servers.fixtures import need
from support.chart import HealthOf, Helm, Object, Program, program


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(program("helm", tmp_path_factory.mktemp("helm")))


@pytest.fixture(scope="session")
def argocd(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return program("argocd", tmp_path_factory.mktemp("argocd"))


@pytest.fixture(scope="session")
def health_of(helm: Helm, argocd: Program, tmp_path_factory: pytest.TempPathFactory) -> HealthOf:
    """What Argo CD says of an object, with the checks of the chart merged into its settings as the notes say."""
    folder = tmp_path_factory.mktemp("health")
    values = "store.uri=s3://m,store.credentials.existingSecret=store,argocd.health=true"
    (checks,) = helm.template("--set", values, "-s", "templates/argocd.yaml")
    labels = {"app.kubernetes.io/part-of": "argocd"}
    settings = folder / "argocd-cm.json"
    metadata = {"name": "argocd-cm", "namespace": "argocd", "labels": labels}
    settings.write_text(json.dumps(checks | {"metadata": metadata}), encoding="utf-8")

    def say(found: Object) -> str:
        path = folder / "resource.json"
        path.write_text(json.dumps(found), encoding="utf-8")
        return argocd("admin", "settings", "resource-overrides", "health", path, "--argocd-cm-path", settings).stdout

    return say


@pytest.fixture(scope="session")
def promtool(tmp_path_factory: pytest.TempPathFactory) -> Program:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed: it comes with Debian's package prometheus")
    return Program(Path(found), tmp_path_factory.mktemp("promtool"))


@pytest.fixture(scope="package")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """With the namespaces `embtune-system`, which enforces `restricted`, `search` and `support`."""
    need("kubernetes")
    with running_control_plane(tmp_path_factory.mktemp("control-plane")) as plane:
        for name in ("embtune-system", "search", "support"):
            plane.kubectl("create", "namespace", name)
        plane.kubectl("label", "namespace", "embtune-system", "pod-security.kubernetes.io/enforce=restricted")
        yield plane
