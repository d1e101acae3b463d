"""How much of a text is trained on: `spec.training.maxSeqLength`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

SHORTEST, LONGEST = 4, 32_768
"""Tokens."""
NO_LENGTH = f"give a whole number of tokens from {SHORTEST} to {LONGEST}, or Auto"


def _length(value: Any) -> Any:
    """One fault, where a union would tell one for each of its kinds."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value != "Auto" and not (whole and SHORTEST <= value <= LONGEST):
        raise ValueError(NO_LENGTH)
    return value


Length = Annotated[int, Field(ge=SHORTEST, le=LONGEST)]
LengthChoice = Annotated[Length | Literal["Auto"], BeforeValidator(_length)]
