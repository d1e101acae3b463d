"""Where and how a job runs: `spec.runtime`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from embtune_api.base import Resource
from embtune_api.names import DnsLabel


class Runtime(Resource):
    """Where the steps run, on how much, and how often they are tried."""

    profile: DnsLabel | None = None
    """A profile of the platform (node selector, tolerations, limits); a local run has none."""
    nodes: Annotated[int, Field(ge=1, le=1024)] = 1
    """Pods that train together."""
    gpus_per_node: Annotated[int, Field(ge=0, le=64)] = 0
    """GPUs of each of these pods; 0: it trains on the CPU."""
    processes_per_node: Annotated[int, Field(ge=1, le=256)] = 1
    """Training processes in each of these pods: usually one a GPU."""
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    """Launches of a step that may fail by its own fault; evictions and lost nodes are not counted."""
    deadline_seconds: Annotated[int, Field(ge=60, le=2_592_000)] | None = None
    """The job fails when it is not done this long after its first step started; time suspended or queued counts."""
    candidates_seconds: Annotated[int, Field(ge=1, le=2_592_000)] | None = None
    """The budget of candidates: once their trainings have taken this long, all together, no further one is begun; one that has
    begun is finished, and the first is always trained. Time suspended or queued does not count. None: all are trained."""
