"""The real training operator, as a process beside a control plane without nodes."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from servers.processes import free_port, running, wait_until
from servers.programs import TRAINING_OPERATOR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.control_plane import ControlPlane

READY_SECONDS = 60
_EXPECTED = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kubeflow"}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "training-operator-webhook-cert", "namespace": "kubeflow"},
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "validator.training-operator.kubeflow.org"},
            "webhooks": [],
        },
    ],
}
"""What it does not start without. The API server could not reach its webhook."""


@contextmanager
def running_training_operator(plane: ControlPlane, folder: Path) -> Iterator[None]:
    """It reads its certificate from a fixed place below /tmp: it gets a /tmp of its own, which takes root."""
    plane.kubectl("apply", "--server-side", "-f", TRAINING_OPERATOR.share / "base" / "crds" / "kubeflow.org_pytorchjobs.yaml")
    plane.kubectl("apply", "-f", "-", stdin=json.dumps(_EXPECTED))
    pair = plane.layout.authority.issue("training-operator", hosts=("localhost",))
    certificates = folder / "tmp" / "k8s-webhook-server" / "serving-certs"
    certificates.mkdir(parents=True)
    for source, name in ((pair.certificate, "tls.crt"), (pair.key, "tls.key"), (plane.ca, "ca.crt")):
        shutil.copy(source, certificates / name)
    shutil.copy(plane.kubeconfig, folder / "tmp" / "kubeconfig")
    health, log = free_port(), folder / "training-operator.log"
    command = [
        *("unshare", "--mount", "sh", "-c", _IN_ITS_OWN_TMP, str(folder / "tmp"), str(TRAINING_OPERATOR.path)),
        *("--kubeconfig=/tmp/kubeconfig", "--enable-scheme=pytorchjob", "--metrics-bind-address=0"),
        *(f"--health-probe-bind-address=127.0.0.1:{health}", f"--webhook-server-port={free_port()}"),
    ]
    with running(command, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, log) as process:
        wait_until(lambda: _answers(f"http://127.0.0.1:{health}/readyz"), process, log, READY_SECONDS)
        yield


_IN_ITS_OWN_TMP = 'exec 9<"$1" && shift && mount --bind "$0" /tmp && exec /proc/self/fd/9 "$@"'
"""The program is opened first: this checkout may lie below /tmp itself."""


def _answers(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=5):
            return True
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return False
    except OSError:
        return False
