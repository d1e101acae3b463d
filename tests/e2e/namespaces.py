"""Namespaces that enforce `restricted`: of the platform, and of each tenant."""

from cluster.fixtures import Node

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
GONE_SECONDS = 400
"""A training has 300 s for its last checkpoint."""


def new_namespace(node: Node, name: str) -> None:
    """Made anew, should a run before this one have been killed and left it."""
    node.kubectl("delete", "namespace", name, "--ignore-not-found", f"--timeout={GONE_SECONDS}s", timeout=GONE_SECONDS + 10)
    node.kubectl("create", "namespace", name)
    node.kubectl("label", "namespace", name, RESTRICTED)
