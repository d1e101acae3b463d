"""Where the points of a learning curve lie until it is whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from embtune_api.digest import digest_of

SHARES = [1 / 8, 1 / 4, 1 / 2, 1.0]
"""Of the rows to train on, that a curve has points of."""


def curve_store(identity: object) -> Path:
    """A folder beside the cache of models, the same whenever the same is asked."""
    cache = os.environ.get("EMBTUNE_CACHE") or Path(tempfile.gettempdir()) / "embtune-cache"
    return Path(cache) / "curves" / digest_of(identity)[:20]
