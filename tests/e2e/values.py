"""The chart's values for the node of these tests: its images, the store in it, and pods that fit onto one small machine."""

from typing import Any

from cluster.fixtures import Node

STEPS = ("prepare", "train", "evaluate", "publish")
ONE_STEP: dict[str, Any] = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "3Gi"}}
ONE_OF_TWO: dict[str, Any] = {**ONE_STEP, "limits": {"cpu": "1", "memory": "3Gi"}}
"""Two pods that train together on two cores would wait for each other's threads."""
SMALL: dict[str, Any] = {
    "sharedMemory": "6Gi",
    "scratch": "8Gi",
    "resources": {**dict.fromkeys(STEPS, ONE_STEP), "train": ONE_OF_TWO},
}


def chart_values(node: Node, store: dict[str, object], **platform: Any) -> dict[str, Any]:
    """
    Args:
        platform: more of `platform`.
    """
    return {
        "image": _image(node.operator_image),
        "trainerImage": _image(node.trainer_image),
        "store": store,
        "platform": {"profiles": {"default": SMALL}, **platform},
    }


def _image(name: str) -> dict[str, str]:
    """It is on the node; there is no registry to ask."""
    repository, _, tag = name.rpartition(":")
    return {"repository": repository, "tag": tag, "pullPolicy": "Never"}
