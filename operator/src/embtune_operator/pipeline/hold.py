"""A hold on a job's promotion, by whoever decides about its line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hold:
    """While there is one, a job that passed leaves production as it is, as with policy Manual."""

    reason: str
    """For people: `EmbeddingModel shop pins v3`."""
