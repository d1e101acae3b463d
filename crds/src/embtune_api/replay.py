"""Old data beside the new, so that what a model has learnt is not forgotten: `spec.data.replay`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from embtune_api.base import Resource
from embtune_api.places import VersionSelector


class Replay(Resource):
    """A sample of the rows that an earlier version was trained on is trained on again, beside this job's own. The line keeps the
    rows of a job that replays, as with `archive`, so that the next one can replay them."""

    ratio: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The replayed part of all rows to train on: 0.5 is one old row for each new one. Where there are fewer old ones, all of them
    are replayed, and the data-report says so."""
    version: VersionSelector | None = None
    """Whose rows; frozen when the job starts. None: of what is in production of the job's own line. While nothing is, or its rows
    were not kept, nothing is replayed, and the data-report says so; a version that is named by its number must have them."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Another seed takes another sample."""
