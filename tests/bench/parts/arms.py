"""What learns in each arm. Rows, batches, and the number of steps are the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FULL, FROZEN = "full fine-tune", "frozen documents"


@dataclass(frozen=True)
class Arm:
    name: str
    tune: Mapping[str, Any] = field(default_factory=dict)
    """`training.tune`"""
    learning_rate: float = 5e-5


ARMS = [
    Arm(FULL),
    Arm("LoRA", {"lora": {"rank": 16, "alpha": 32}}, learning_rate=5e-4),
    Arm("embeddings and 3 of 6 layers frozen", {"freeze": {"embeddings": True, "layers": 3}}),
    Arm("layerDecay 0.8", {"layerDecay": 0.8}),
    Arm(FROZEN, {"documentEncoder": "Frozen"}),
]
