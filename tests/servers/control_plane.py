"""A real Kubernetes without a node, for as long as a test needs it: etcd, API server and, if wanted, controller manager."""

import json
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers import control_plane_commands as commands
from servers.certificates import new_authority
from servers.control_plane_commands import MASTERS, Layout
from servers.kubeconfig import write_for_token
from servers.processes import free_port, running, wait_until
from servers.programs import CACHE

KUBECTL = CACHE / "bin" / "kubectl"
READY_SECONDS = 60
"""Ten times what a quiet machine takes."""


@dataclass(frozen=True)
class ControlPlane:
    layout: Layout
    kubeconfig: Path
    """The administrator's."""

    @property
    def server(self) -> str:
        return self.layout.server

    @property
    def ca(self) -> Path:
        return self.layout.ca

    @property
    def audit_log(self) -> Path:
        """One JSON line for each answered request, if `audit` was asked for."""
        return self.layout.audit_log

    def audited(self) -> list[dict[str, Any]]:
        """The requests for objects so far: `verb`, `user.username`, `userAgent`, `objectRef.resource`, `responseStatus.code` …"""
        entries = [json.loads(line) for line in self.audit_log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [entry for entry in entries if "objectRef" in entry]

    def kubectl(self, *arguments: object, stdin: str | None = None, kubeconfig: Path | None = None) -> str:
        """What kubectl prints; `subprocess.CalledProcessError` with its `stderr` when it is refused."""
        command = [str(KUBECTL), "--kubeconfig", str(kubeconfig or self.kubeconfig), *map(str, arguments)]
        environ = {"HOME": str(self.layout.folder), "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, input=stdin, env=environ, capture_output=True, text=True, check=True, timeout=120).stdout

    def user(self, name: str, *groups: str) -> Path:
        """The kubeconfig of a user, who may do what RBAC allows to that name and those groups."""
        return self.layout.kubeconfig(name, *groups)

    def service_account(self, namespace: str, name: str, *, seconds: int = 3600) -> Path:
        """The kubeconfig of a service account, which must exist; its token holds for that long (at least 600)."""
        token = self.kubectl("create", "token", "--namespace", namespace, name, f"--duration={seconds}s").strip()
        return write_for_token(self.layout.folder / f"{namespace}-{name}.kubeconfig", self.server, self.ca, token)


@contextmanager
def running_control_plane(
    folder: Path, *, with_controller_manager: bool = True, audit: bool = False, api_server_flags: Sequence[str] = ()
) -> Iterator[ControlPlane]:
    """A control plane with its data and logs below `folder`, which is free for it. Its data is removed at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    layout = Layout(folder, "127.0.0.1", free_port(), free_port(), free_port(), new_authority(folder / "certificates"))
    layout.authority.key_pair(layout.service_account_key.stem)
    serving = layout.authority.issue("kube-apiserver", hosts=("127.0.0.1", "localhost", "kubernetes.default.svc"))
    plane = ControlPlane(layout, layout.kubeconfig("admin", MASTERS))
    flags = ("--endpoint-reconciler-type=none", *api_server_flags)  # a loopback address cannot be an endpoint
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder / "etcd", ignore_errors=True)
        stack.enter_context(running(commands.etcd(layout), {}, folder / "etcd.log"))
        log = folder / "kube-apiserver.log"
        command = commands.api_server(layout, serving, service_accounts=with_controller_manager, audit=audit, extra=flags)
        server = stack.enter_context(running(command, {}, log))
        answers = _Answers(plane, layout.folder / "certificates" / "admin")
        wait_until(lambda: answers.ok("/readyz"), server, log, READY_SECONDS)
        if with_controller_manager:
            kubeconfig = layout.kubeconfig("system:kube-controller-manager", file="kube-controller-manager")
            log = folder / "kube-controller-manager.log"
            manager = stack.enter_context(running(commands.controller_manager(layout, kubeconfig), {}, log))
            wait_until(lambda: answers.ok("/api/v1/namespaces/default/serviceaccounts/default"), manager, log, READY_SECONDS)
        yield plane


class _Answers:
    """Asks the API server as the administrator, without the start of a kubectl each time."""

    def __init__(self, plane: ControlPlane, client: Path) -> None:
        self._server = plane.server
        context = ssl.create_default_context(cafile=str(plane.ca))
        context.load_cert_chain(client.with_suffix(".crt"), client.with_suffix(".key"))
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        self._opener = urllib.request.build_opener(*handlers)

    def ok(self, path: str) -> bool:
        try:
            with self._opener.open(self._server + path, timeout=5):
                return True
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return False
        except OSError:
            return False
