"""The control plane that other tests stand on is a real one: it refuses, collects garbage, counts, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from servers.control_plane import ControlPlane, running_control_plane
from servers.fixtures import need

READS = {"get", "list", "watch"}
READER = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "reader"},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "reader"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [
                {"kind": "User", "name": "jane"},
                {"kind": "Group", "name": "readers"},
                {"kind": "ServiceAccount", "name": "robot", "namespace": "rights"},
            ],
        },
    ],
}


def test_users_and_service_accounts_may_do_what_rbac_allows_and_no_more(control_plane: ControlPlane) -> None:
    control_plane.kubectl("create", "namespace", "rights")
    control_plane.kubectl("create", "serviceaccount", "robot", "-n", "rights")
    control_plane.kubectl("apply", "-n", "rights", "-f", "-", stdin=json.dumps(READER))
    known = (
        control_plane.user("jane"),
        control_plane.user("team/joe+1", "readers"),
        control_plane.service_account("rights", "robot"),
    )
    for kubeconfig in known:
        assert "kube-root-ca.crt" in control_plane.kubectl("get", "configmaps", "-n", "rights", kubeconfig=kubeconfig)
        with pytest.raises(subprocess.CalledProcessError) as refused:
            control_plane.kubectl("get", "configmaps", "-n", "default", kubeconfig=kubeconfig)
        assert "Forbidden" in refused.value.stderr


def test_a_job_gets_its_pod_and_takes_it_along_when_it_goes(control_plane: ControlPlane) -> None:
    plane = control_plane
    plane.kubectl("create", "namespace", "children")
    plane.kubectl("create", "job", "work", "--image=nowhere", "-n", "children")
    plane.kubectl("wait", "pod", "-l", "job-name=work", "--for=create", "--timeout=30s", "-n", "children")
    plane.kubectl("delete", "job", "work", "--cascade=foreground", "--timeout=30s", "-n", "children")
    assert plane.kubectl("get", "pods", "-o", "name", "-n", "children") == ""


def test_the_audit_log_counts_writes(tmp_path: Path) -> None:
    need("kubernetes")
    with running_control_plane(tmp_path, with_controller_manager=False, audit=True) as plane:
        plane.kubectl("create", "configmap", "mine")
        plane.kubectl("label", "configmap", "mine", "a=b")
        ours = [entry for entry in plane.audited() if entry["objectRef"].get("namespace") == "default"]
    mine = [entry["verb"] for entry in ours if entry["objectRef"]["resource"] == "configmaps"]
    assert [verb for verb in mine if verb not in READS] == ["create", "patch"]


def test_it_ends_with_whoever_started_it_even_by_kill(tmp_path: Path) -> None:
    need("kubernetes")
    script = (
        "import sys, time, pathlib, servers.control_plane as c\n"
        "with c.running_control_plane(pathlib.Path(sys.argv[1]), with_controller_manager=False) as plane:\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(600)\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    starter = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], env=environ, stdout=subprocess.PIPE)
    try:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"ready\n"
        assert len(_started_below(tmp_path)) == 2
    finally:
        starter.send_signal(signal.SIGKILL)
        starter.communicate()
    deadline = time.monotonic() + 10
    while _started_below(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _started_below(tmp_path) == []


def _started_below(folder: Path) -> list[str]:
    """Which programs of Kubernetes run there."""
    lines = [process.info["cmdline"] or [""] for process in psutil.process_iter(["cmdline"])]
    return [words[1] for words in lines if words[0].endswith("/kubernetes") and str(folder) in " ".join(words)]
