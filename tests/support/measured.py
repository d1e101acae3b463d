"""What a bench of quality found, for tests of it and of the page that tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from bench.record import Measured, Record

    Found = TypeVar("Found", bound=Measured)


def measured_by(record: Record[Found]) -> Found:
    """Skips the test where the bench has not run yet."""
    found = record.read()
    if found is None:
        pytest.skip(f"not measured yet: `make bench-{record.bench}` writes the result and docs/{record.page_name}")
    return found
