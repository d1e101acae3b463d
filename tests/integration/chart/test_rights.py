"""What the chart's roles allow, asked of the API server, and whether they are all that a running operator needs."""

import json
from collections.abc import Iterator

import pytest

from servers.control_plane import ControlPlane
from support.chart import CHART, Helm

OPERATOR = "system:serviceaccount:embtune-system:embtune"
PLAIN = ("--set", "store.uri=s3://models/embtune,store.credentials.existingSecret=store")

ALLOWED = [
    "watch embtune.dev/finetunejobs",
    "create embtune.dev/finetunejobs",
    "patch embtune.dev/finetunejobs/status",
    "update embtune.dev/finetunejobs/finalizers",
    "create embtune.dev/modelversions",
    "create batch/jobs",
    "create kubeflow.org/pytorchjobs",
    "watch /pods",
    "create /secrets",
    "get /secrets:embtune-1",
    "create /services",
    "create /events",
]
REFUSED = [
    "list /secrets",
    "watch /secrets",
    "delete /secrets",
    "delete embtune.dev/modelversions",
    "patch batch/jobs",
    "create /pods",
    "create /pods/exec",
    "get /pods/log",
    "get /configmaps",
    "create coordination.k8s.io/leases",
    "create rbac.authorization.k8s.io/rolebindings",
    "impersonate /users",
]
WHERE = ("embtune", "--namespace", "embtune-system")


@pytest.fixture(scope="module")
def everywhere(helm: Helm, plane: ControlPlane) -> Iterator[None]:
    admin = ("--kubeconfig", plane.kubeconfig)
    helm.run("install", *WHERE, CHART, *PLAIN, *admin)
    yield
    helm.run("uninstall", *WHERE, "--no-hooks", *admin)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("action", ALLOWED)
def test_the_operator_may(action: str, plane: ControlPlane) -> None:
    assert _may(plane, OPERATOR, action, "search")


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("action", REFUSED)
def test_the_operator_may_not(action: str, plane: ControlPlane) -> None:
    assert not _may(plane, OPERATOR, action, "search")


@pytest.mark.usefixtures("everywhere")
def test_the_operator_leads_from_its_own_namespace(plane: ControlPlane) -> None:
    for verb in ("get", "create", "patch"):
        assert _may(plane, OPERATOR, f"{verb} coordination.k8s.io/leases", "embtune-system")
    assert _may(plane, OPERATOR, "get /namespaces", None)
    assert not _may(plane, OPERATOR, "list /namespaces", None)
    assert not _may(plane, OPERATOR, "list /nodes", None)


@pytest.mark.usefixtures("everywhere")
def test_who_may_edit_a_namespace_may_edit_its_models(plane: ControlPlane) -> None:
    plane.kubectl("create", "rolebinding", "ann", "--clusterrole=edit", "--user=ann", "--namespace=search")
    plane.kubectl("create", "rolebinding", "ben", "--clusterrole=view", "--user=ben", "--namespace=search")
    assert _may(plane, "ann", "create embtune.dev/finetunejobs", "search")
    assert not _may(plane, "ann", "patch embtune.dev/modelversions/status", "search")
    assert not _may(plane, "ann", "create embtune.dev/finetunejobs", "support")
    assert _may(plane, "ben", "watch embtune.dev/modelversions", "search")
    assert not _may(plane, "ben", "patch embtune.dev/embeddingmodels", "search")


@pytest.mark.usefixtures("everywhere")
def test_an_operator_for_one_namespace_sees_no_other(helm: Helm, plane: ControlPlane) -> None:
    admin = ("--kubeconfig", plane.kubeconfig)
    helm.run("upgrade", *WHERE, CHART, *PLAIN, "--set", "namespaces={search}", *admin)
    for action in ALLOWED:
        assert _may(plane, OPERATOR, action, "search"), action
        assert not _may(plane, OPERATOR, action, "support"), action
    assert _may(plane, OPERATOR, "get /namespaces:kube-system", None)
    assert not _may(plane, OPERATOR, "get /namespaces:support", None)


def _may(plane: ControlPlane, user: str, action: str, namespace: str | None) -> bool:
    """Of an action such as `patch embtune.dev/finetunejobs/status`, or `get /secrets:embtune-1` of one object."""
    verb, _, what = action.partition(" ")
    what, _, name = what.partition(":")
    group, resource, *subresource = what.split("/")
    attributes = {"verb": verb, "group": group, "resource": resource, "name": name, "namespace": namespace or ""}
    if subresource:
        attributes["subresource"] = subresource[0]
    groups = ["system:authenticated", *(["system:serviceaccounts"] if user == OPERATOR else [])]
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": groups, "resourceAttributes": attributes},
    }
    answer = json.loads(plane.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(body)))
    return bool(answer["status"]["allowed"])
