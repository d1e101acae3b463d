"""How many texts are in memory at once: `spec.training.microBatchSize`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

MOST = 65_536
NO_SIZE = f"give a whole number of texts from 1 to {MOST}, or Auto"


def _size(value: Any) -> Any:
    """One fault, where a union would tell one for each of its kinds."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value != "Auto" and not (whole and 1 <= value <= MOST):
        raise ValueError(NO_SIZE)
    return value


MicroBatch = Annotated[Annotated[int, Field(ge=1, le=MOST)] | Literal["Auto"], BeforeValidator(_size)]
