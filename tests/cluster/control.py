"""The control plane of the node: its layout, its certificates, and its programs in the order in which they start."""

import subprocess

from cluster import daemons
from cluster.place import ADDRESS, API_PORT, KUBECONFIG, NODE, STATE
from servers import control_plane_commands as commands
from servers.certificates import new_authority
from servers.control_plane_commands import MASTERS, Layout
from servers.kubeconfig import write_for_certificate
from servers.processes import free_port
from servers.programs import CACHE

KUBECTL = CACHE / "bin" / "kubectl"
READY_SECONDS = 60
_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
_FIRST_SERVICE = "10.96.0.1"
"""What pods know as KUBERNETES_SERVICE_HOST."""


def new_layout() -> Layout:
    """Certificates, and the administrator's kubeconfig."""
    authority = new_authority(STATE / "certificates")
    layout = Layout(STATE, ADDRESS, API_PORT, free_port(), free_port(), authority)
    authority.key_pair(layout.service_account_key.stem)
    admin = authority.issue("admin", groups=(MASTERS,))
    write_for_certificate(KUBECONFIG, layout.server, layout.ca, admin)
    return layout


def start(layout: Layout) -> None:
    daemons.start("etcd", commands.etcd(layout))
    _start_api_server(layout)
    manager = layout.kubeconfig("system:kube-controller-manager", file="kube-controller-manager")
    daemons.start("kube-controller-manager", commands.controller_manager(layout, manager))
    daemons.start("kube-scheduler", commands.scheduler(layout.kubeconfig("system:kube-scheduler", file="kube-scheduler")))


def answers() -> bool:
    return says("get", "--raw=/readyz") == "ok"


def node_is_ready() -> bool:
    return says("get", "node", NODE, "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}") == "True"


def says(*arguments: str) -> str:
    """What kubectl prints, or nothing when it is refused."""
    done = subprocess.run(
        [str(KUBECTL), "--kubeconfig", str(KUBECONFIG), "--request-timeout=5s", *arguments], capture_output=True
    )
    return done.stdout.decode() if done.returncode == 0 else ""


def _start_api_server(layout: Layout) -> None:
    serving = layout.authority.issue("kube-apiserver", hosts=(ADDRESS, _FIRST_SERVICE, *_NAMES))
    kubelet = layout.authority.issue("kube-apiserver-to-kubelet", groups=(MASTERS,))
    extra = (
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-client-certificate={kubelet.certificate}",
        f"--kubelet-client-key={kubelet.key}",
        f"--kubelet-certificate-authority={layout.ca}",
        "--allow-privileged=true",
    )
    command = commands.api_server(layout, serving, service_accounts=True, audit=False, extra=extra)
    daemons.start("kube-apiserver", command)
    daemons.wait_until(answers, "The API server", READY_SECONDS, "kube-apiserver")
