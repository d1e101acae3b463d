"""What a training says to Prometheus, on its pod: how it goes, at this moment. No label grows with jobs or time."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.status import Progress

PORT_VARIABLE = "EMBTUNE_METRICS_PORT"
NAMES = {
    "loss": "of the last logged step",
    "learning_rate": "of the last logged step",
    "gradient_norm": "of the last logged step, before clipping",
    "samples_per_second": "rows of the global batch, all processes together",
    "step": "optimizer steps done",
    "steps": "optimizer steps in all",
    "epoch": "passes over the data, with fractions",
}


@dataclass(frozen=True)
class Moment:
    """What is known after a step."""

    progress: Progress
    learning_rate: float
    gradient_norm: float


def serve_metrics(device: torch.device) -> Callable[[Moment], None]:
    """A function that shows a moment at /metrics, on the port that EMBTUNE_METRICS_PORT names; without it: to nobody."""
    port = os.environ.get(PORT_VARIABLE)
    if not port:
        return lambda _: None
    from prometheus_client import CollectorRegistry, Gauge, start_http_server

    registry = CollectorRegistry()
    gauges = {name: Gauge(f"embtune_training_{name}", text, registry=registry) for name, text in NAMES.items()}
    memory = Gauge("embtune_training_memory_bytes", "resident on cpu, allocated at most on cuda", ["device"], registry=registry)
    process = psutil.Process()

    def show(moment: Moment) -> None:
        progress = moment.progress
        values = {
            "loss": progress.loss,
            "learning_rate": moment.learning_rate,
            "gradient_norm": moment.gradient_norm,
            "samples_per_second": progress.samples_per_second,
            "step": progress.step,
            "steps": progress.total_steps,
            "epoch": progress.epoch,
        }
        for name, value in values.items():
            gauges[name].set(float("nan") if value is None else value)
        memory.labels("cpu").set(process.memory_info().rss)
        if device.type == "cuda":
            memory.labels("cuda").set(torch.cuda.max_memory_allocated(device))

    try:
        start_http_server(int(port), registry=registry)
    except (OSError, ValueError) as error:  # training is worth more than the look at it
        sys.stderr.write(f"no metrics are served on port {port}, which {PORT_VARIABLE} names: {error}\n")
    return show
