"""Every page that tells what a bench found, written again from the JSON that is kept: after its words, or the JSON, changed.

make generate     (PYTHONPATH=tests python -m bench.pages)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.auto.result import AUTO
from bench.candidates.result import BAD_CANDIDATES
from bench.gate.result import CALIBRATION
from bench.losses.result import LOSSES
from bench.parts.result import PARTS
from bench.techniques.result import TECHNIQUES

if TYPE_CHECKING:
    from bench.record import Record

RECORDS: list[Record[Any]] = [AUTO, BAD_CANDIDATES, CALIBRATION, LOSSES, PARTS, TECHNIQUES]

if __name__ == "__main__":
    for record in RECORDS:
        record.write_page()
