"""Which places a pod can read: what is only a path on somebody's machine is refused in a cluster."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationInfo

DATA_URI = r"^s3://[^/]+/.+$"
MODEL_URI = r"^(s3://[^/]+/.+|hf://[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*(@[A-Za-z0-9_./-]+)?)$"

DATA_OUT_OF_REACH = "in a cluster, data lies at s3://bucket/key: pods cannot see a path on your machine"
MODEL_OUT_OF_REACH = (
    "in a cluster, a model is hf://org/name, hf://org/name@revision or s3://bucket/prefix: pods cannot see a path on your machine"
)

IN_CLUSTER: dict[str, Any] = {"cluster": True}
"""The validation context of a resource that is meant for a cluster."""


def in_cluster(info: ValidationInfo) -> bool:
    return bool(info.context and info.context.get("cluster"))
