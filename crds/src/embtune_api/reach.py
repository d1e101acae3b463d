"""Which places a pod can read: what is only a path on somebody's machine is refused in a cluster.

Whether a resource is meant for a cluster is not written in it: readers say so in the validation context.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationInfo

from embtune_api.names import DNS_NAME

_HUB_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*"
HUB_DATA_URI = rf"^hf://datasets/{_HUB_NAME}(@[A-Za-z0-9_.-]+)?/.+$"
CLAIM_URI = rf"^pvc://(?P<claim>{DNS_NAME[1:-1]})/(?P<path>.+)$"
DATA_URI = rf"^(s3://[^/]+/.+|{HUB_DATA_URI[1:-1]}|{CLAIM_URI[1:-1]})$"
MODEL_URI = rf"^(s3://[^/]+/.+|hf://{_HUB_NAME}(@[A-Za-z0-9_./-]+)?)$"

DATA_OUT_OF_REACH = (
    "in a cluster, data lies at s3://bucket/key, hf://datasets/org/name/file or pvc://claim/file: pods cannot see a path on your "
    "machine"
)
MODEL_OUT_OF_REACH = (
    "in a cluster, a model is hf://org/name, hf://org/name@revision or s3://bucket/prefix: pods cannot see a path on your machine"
)


def context(*, cluster: bool) -> dict[str, Any]:
    """The validation context of a resource that a person wrote, for a cluster or for a local run."""
    return {"cluster": cluster}


def is_written(info: ValidationInfo) -> bool:
    return info.context is not None


def in_cluster(info: ValidationInfo) -> bool:
    return info.context is not None and bool(info.context["cluster"])
