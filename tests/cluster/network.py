"""The node's network: a bridge with the node's address, the CNI plugin that puts pods on it, and its removal without a trace."""

import json
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from cluster.place import ADDRESS, BRIDGE, CNI, NETWORK_BITS, STATE
from servers.control_plane_commands import PODS, SERVICES

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
NOTES = Path("/var/lib/cni/results")
"""Where the library of all CNI plugins notes what it did."""
_FORWARDED_BEFORE = STATE / "ip_forward"
CNI_CONFIG = {
    "cniVersion": "1.0.0",
    "name": "embtune",
    "plugins": [
        {
            "type": "bridge",
            "bridge": BRIDGE,
            "isGateway": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "dataDir": str(STATE / "addresses"),
                "ranges": [[{"subnet": PODS, "rangeStart": "10.244.1.1", "gateway": ADDRESS}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "loopback"},
    ],
}


def set_up() -> None:
    """Pods reach each other, the node and services; nothing is translated for the outside, so they reach nothing else."""
    _FORWARDED_BEFORE.write_text(FORWARDING.read_text())
    FORWARDING.write_text("1")
    CNI.mkdir()
    (CNI / "10-embtune.conflist").write_text(json.dumps(CNI_CONFIG))
    _ip("link", "add", BRIDGE, "type", "bridge")
    _ip("address", "add", f"{ADDRESS}/{NETWORK_BITS}", "dev", BRIDGE)
    _ip("link", "set", BRIDGE, "up")
    _ip("route", "add", SERVICES, "dev", BRIDGE, "src", ADDRESS)


def tear_down() -> None:
    """Remove the bridge, the pods' namespaces (their cables go with them), and kube-proxy's tables."""
    for namespace in _namespaces_of_pods():
        subprocess.run(["umount", "--lazy", str(namespace)], capture_output=True)
        with suppress(FileNotFoundError):
            namespace.unlink()
    if _exists(BRIDGE):
        _ip("link", "delete", BRIDGE)
    for family in ("ip", "ip6") if shutil.which("nft") else ():
        subprocess.run(["nft", "delete", "table", family, "kube-proxy"], capture_output=True)
    if _FORWARDED_BEFORE.exists():
        FORWARDING.write_text(_FORWARDED_BEFORE.read_text())


def _namespaces_of_pods() -> list[Path]:
    """Those that our plugins have connected; each note of it, and containerd's own of the loopback, is removed."""
    found = []
    for note in NOTES.glob(f"{CNI_CONFIG['name']}-*-eth0"):
        with suppress(OSError, ValueError, KeyError):
            ends = json.loads(note.read_text())["result"]["interfaces"]
            found += [Path(end["sandbox"]) for end in ends if end.get("sandbox")]
        container = note.name.split("-")[1]
        note.unlink(missing_ok=True)
        (NOTES / f"cni-loopback-{container}-lo").unlink(missing_ok=True)
    return found


def _exists(device: str) -> bool:
    return Path("/sys/class/net", device).exists()


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}")
