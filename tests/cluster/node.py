"""The programs of the node and their settings: containerd, kubelet, kube-proxy, CoreDNS. Nothing is started here."""

import json
from typing import Any

from cluster.place import ADDRESS, CGROUP, CNI, CONTAINERD_ROOT, CONTAINERD_SOCKET, KUBECONFIG, LOGS, NODE, RUN, STATE
from servers.certificates import Pair
from servers.control_plane_commands import PODS, PROGRAM, Layout
from servers.programs import CACHE

PAUSE = "localhost/embtune/pause:1"
CONTAINERD_CONFIG = f"""
version = 2
root = "{CONTAINERD_ROOT}"
state = "{RUN / "containerd"}"
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{CNI}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "{RUN / "runc"}"
"""
COREFILE = f"""
cluster.local:53 in-addr.arpa:53 {{
  bind {ADDRESS}
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {KUBECONFIG}
    pods insecure
  }}
}}
.:53 {{
  bind {ADDRESS}
  template ANY ANY {{
    rcode NXDOMAIN
  }}
}}
"""
"""There is nothing outside: a name that is not the cluster's does not exist."""


def containerd() -> list[str]:
    config = STATE / "containerd.toml"
    config.write_text(CONTAINERD_CONFIG)
    return ["containerd", "--config", str(config)]


def kubelet(layout: Layout) -> list[str]:
    """Images are never collected: no registry could give them back."""
    serving = layout.authority.issue(f"system:node:{NODE}", groups=("system:nodes",), hosts=(ADDRESS, NODE), file="kubelet")
    config = {
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "address": ADDRESS,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.ca)},
        },
        "authorization": {"mode": "Webhook"},
        **_served_by(serving),
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "clusterDNS": [ADDRESS],
        "clusterDomain": "cluster.local",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{CGROUP}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "localStorageCapacityIsolation": False,
        "makeIPTablesUtilChains": False,
        "podLogsDir": str(LOGS / "pods"),
        "volumePluginDir": str(STATE / "plugins"),
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "healthzPort": 0,
    }
    own = layout.kubeconfig(f"system:node:{NODE}", "system:nodes", file="kubelet-to-server")
    flags = [f"--node-ip={ADDRESS}", f"--hostname-override={NODE}", f"--root-dir={STATE / 'kubelet'}", f"--kubeconfig={own}"]
    return [str(PROGRAM), "kubelet", f"--config={_write('kubelet', config)}", f"--cert-dir={STATE / 'kubelet'}", *flags]


def kube_proxy(layout: Layout) -> list[str]:
    """Everything is masqueraded: both ends of a connection sit on one bridge, and the answer must come back through the node."""
    config = {
        "kind": "KubeProxyConfiguration",
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "mode": "nftables",
        "nftables": {"masqueradeAll": True},
        "bindAddress": ADDRESS,
        "healthzBindAddress": f"{ADDRESS}:10256",
        "metricsBindAddress": f"{ADDRESS}:10249",
        "clusterCIDR": PODS,
        "hostnameOverride": NODE,
        "conntrack": {"maxPerCore": 0},
        "clientConnection": {"kubeconfig": str(layout.kubeconfig("system:kube-proxy", file="kube-proxy"))},
    }
    return [str(PROGRAM), "kube-proxy", f"--config={_write('kube-proxy', config)}"]


def coredns() -> list[str]:
    corefile = STATE / "Corefile"
    corefile.write_text(COREFILE)
    return [str(CACHE / "bin" / "coredns"), "-conf", str(corefile)]


def _served_by(pair: Pair) -> dict[str, str]:
    return {"tlsCertFile": str(pair.certificate), "tlsPrivateKeyFile": str(pair.key)}


def _write(name: str, config: dict[str, Any]) -> str:
    path = STATE / f"{name}.json"
    path.write_text(json.dumps(config, indent=1))
    return str(path)
