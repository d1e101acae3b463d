"""Where the node of this checkout lives: its folders, its addresses, its names. The rest of the package spells none of them."""

from pathlib import Path

from servers.programs import CACHE

STATE = CACHE / "cluster"
"""Of the cluster that runs; gone after `make cluster-down`."""
PIDS, CNI = STATE / "pids", STATE / "cni"
LOGS = CACHE / "cluster-logs"
"""Of the latest cluster; they stay to be read when it is gone."""
KUBECONFIG = STATE / "kubeconfig"
IMAGES = CACHE / "images"
"""Images in containerd and buildah, which outlive the cluster as .cache/bin outlives a build."""
CONTAINERD_ROOT, BUILDAH_ROOT = IMAGES / "containerd", IMAGES / "buildah"

RUN = Path("/run/embtune-cluster")
"""For sockets, whose paths must be short."""
CONTAINERD_SOCKET = RUN / "containerd.sock"

NODE = "embtune-node"
BRIDGE = "embtune0"
ADDRESS = "10.244.0.1"
"""The bridge's: that of the node, of the API server and of the name server."""
NETWORK_BITS = 16
API_PORT = 6443
CGROUP = "embtune-cluster"
OBJECT_STORE_ADDRESS = "10.96.0.90"
"""The service address of MinIO, as the machine itself reaches it. Pods say http://minio.minio:9000."""
