"""Texts of a status, which etcd keeps: bounded, and cut rather than refused, so that a long message never stops a status."""

from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def cut(text: Any, longest: int) -> Any:
    """At most `longest` characters; what is left out shows as an ellipsis."""
    return text[: longest - 1] + "…" if isinstance(text, str) and len(text) > longest else text


Message = Annotated[str, BeforeValidator(partial(cut, longest=2048)), Field(max_length=2048)]
"""A paragraph for people."""
Line = Annotated[str, BeforeValidator(partial(cut, longest=512)), Field(max_length=512)]
"""A line for people."""
Name = Annotated[str, Field(max_length=253)]
"""Of a Kubernetes object."""
Digest = Annotated[str, Field(max_length=128)]
