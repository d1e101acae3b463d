"""What is kept of one model's answers."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Kept:
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    """(asked, columns)"""
    notes: list[dict[str, Any]] = field(default_factory=list)
    """Of each that was asked, for people: more than the numbers."""
