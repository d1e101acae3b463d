"""Where a look finds things."""

from dataclasses import dataclass
from pathlib import Path

from embtune_trainer.prepare.outside import Outside


@dataclass(frozen=True)
class Place:
    folder: Path
    """That relative paths start at."""
    outside: Outside
