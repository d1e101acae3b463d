"""What it costs to use each compared model, as `evaluate` measured it."""

from __future__ import annotations

from statistics import median

from embtune_api.base import Document
from embtune_api.cost import COST, TIMED, CostName, CostSettings
from embtune_api.status import Role


class AskedCost(Document):
    """What an evaluation is to measure."""

    times: CostSettings | None
    """None: size and dimension alone, which take no time."""


class Round(Document):
    """What one model took in one round."""

    query_p50_ms: float
    query_p95_ms: float
    documents_per_second: float


class RoleCost(Document):
    """Of one model."""

    size: int
    """bytes, of all files of its folder"""
    dimension: int
    rounds: list[Round] = []
    """In the order in which they were taken; none: no times were asked for. The n-th rounds of all models follow each other."""

    def of_rounds(self, name: CostName) -> list[float]:
        """A timed metric, round by round."""
        return [float(getattr(one, name.replace("-", "_"))) for one in self.rounds]

    @property
    def values(self) -> dict[CostName, float]:
        """What is told: of times the median over rounds."""
        times: dict[CostName, float] = {name: median(self.of_rounds(name)) for name in TIMED} if self.rounds else {}
        return {**times, "model-mb": self.size / 1e6, "dimension": float(self.dimension)}

    @property
    def metrics(self) -> dict[str, float | None]:
        """The same under their full names."""
        return {f"{COST}/{name}": value for name, value in self.values.items()}


class CostTable(Document):
    """`cost.json` of an evaluation. It is the step's own: no other evaluation reads it, since its times are of one machine."""

    machine: str
    """What the times were taken on: `cpu, 2 threads`."""
    roles: dict[Role, RoleCost]
