"""Digests that name things by their content."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel


def canonical_json(value: Any) -> bytes:
    """JSON bytes that are equal for equal values: sorted keys, no white space, models in their YAML spelling."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest_of(value: Any) -> str:
    """sha256 (64 hex characters) of the canonical JSON of a model, a mapping or a list."""
    return sha256_hex(canonical_json(value))


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tree_digest(files: Iterable[tuple[str, str]]) -> str:
    """Identity of a folder: the digest of its (path, sha256) pairs, whatever order they come in."""
    return digest_of(sorted(files))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
