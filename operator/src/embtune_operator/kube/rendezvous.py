"""What tells the nodes of one training about each other: the same environment for both launchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embtune_operator.kube.api import Object

PORT = 29400


def rendezvous(master: str, rank_field: str) -> list[Object]:
    """
    Args:
        master: host name of node 0.
        rank_field: the pod's field that holds its node's rank.
    """
    return [
        {"name": "PET_NODE_RANK", "valueFrom": {"fieldRef": {"fieldPath": rank_field}}},
        {"name": "MASTER_ADDR", "value": master},
        {"name": "MASTER_PORT", "value": str(PORT)},
    ]
