"""The node that the end-to-end tests run on is a real one: names, services, admission and logs work as on any other."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from cluster.fixtures import IN_CLUSTER_ENDPOINT, Node, node

__all__ = ["node"]

LOOK = f"""
import socket, ssl, urllib.request, urllib.error, os
print("store", urllib.request.urlopen("{IN_CLUSTER_ENDPOINT}/minio/health/ready", timeout=20).status)
token = open("/var/run/secrets/kubernetes.io/serviceaccount/token").read()
trust = ssl.create_default_context(cafile="/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")
server = urllib.request.Request("https://kubernetes.default.svc/readyz", headers={{"Authorization": "Bearer " + token}})
print("server", urllib.request.urlopen(server, context=trust, timeout=20).read().decode())
try:
    socket.getaddrinfo("outside.example", 80)
except socket.gaierror:
    print("no outside")
print("user", os.getuid())
"""


@pytest.fixture
def namespace(node: Node) -> Iterator[str]:
    """One that enforces the strictest standard."""
    name = f"node-{uuid.uuid4().hex[:8]}"
    node.kubectl("create", "namespace", name)
    try:
        node.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
        yield name
    finally:
        node.kubectl("delete", "namespace", name, "--timeout=120s")


def test_a_restricted_pod_reaches_the_store_and_the_server_by_name_and_nothing_outside(node: Node, namespace: str) -> None:
    node.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(_pod(node, ["python3", "-c", LOOK])))
    ended = "--for=jsonpath={.status.containerStatuses[0].state.terminated}"
    node.kubectl("wait", "pod/look", "-n", namespace, ended, "--timeout=120s")
    said = node.kubectl("logs", "look", "-n", namespace)
    assert said.splitlines() == ["store 200", "server ok", "no outside", "user 65532"]


def test_a_pod_as_root_is_refused_by_pod_security(node: Node, namespace: str) -> None:
    pod = _pod(node, ["true"])
    pod["spec"]["securityContext"]["runAsNonRoot"] = False
    with pytest.raises(subprocess.CalledProcessError) as refused:
        node.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(pod))
    assert 'violates PodSecurity "restricted' in refused.value.stderr


def test_two_pods_of_a_pytorchjob_find_each_other_and_agree_over_gloo(node: Node, namespace: str) -> None:
    node.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(_pytorch_job(node)))
    node.kubectl("wait", "pytorchjob/pair", "-n", namespace, "--for=jsonpath={.status.completionTime}", "--timeout=240s")
    for rank in range(2):
        assert "sum 3.0 of 2" in node.kubectl("logs", f"pair-worker-{rank}", "-n", namespace)


def _pod(node: Node, command: list[str]) -> dict[str, Any]:
    spec = {"restartPolicy": "Never", **_restricted(node.operator_image, "look", command)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "look"}, "spec": spec}


def _pytorch_job(node: Node) -> dict[str, Any]:
    program = (
        "import torch, torch.distributed as d; d.init_process_group('gloo'); "
        "t = torch.tensor([1.0 + d.get_rank()]); d.all_reduce(t); print('sum', t.item(), 'of', d.get_world_size())"
    )
    script = (
        'printf "%s" "$PROGRAM" >/tmp/program.py && exec torchrun --nnodes=2 --nproc-per-node=1 --node-rank="$INDEX"'
        " --master-addr=pair-worker-0 --master-port=23456 /tmp/program.py"
    )
    pod = _restricted(node.trainer_image, "pytorch", ["sh", "-c", script])
    index = {"fieldRef": {"fieldPath": "metadata.labels['training.kubeflow.org/replica-index']"}}
    pod["containers"][0]["env"] = [{"name": "PROGRAM", "value": program}, {"name": "INDEX", "valueFrom": index}]
    workers = {"replicas": 2, "restartPolicy": "Never", "template": {"spec": pod}}
    spec = {"nprocPerNode": "1", "pytorchReplicaSpecs": {"Worker": workers}}
    return {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "pair"}, "spec": spec}


def _restricted(image: str, name: str, command: list[str]) -> dict[str, Any]:
    container = {
        "name": name,
        "image": image,
        "command": command,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return {"containers": [container], "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}}
