"""What a learning curve is made of: parts of the rows to train on, all examined by the same validation rows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from embtune_api.base import Document
from embtune_api.documents.files import StoredFile, StoredModel
from embtune_api.evaluation import Suite
from embtune_api.keys import JobKeys, LineKeys
from embtune_api.losses import Prepared

NAMESPACE = JOB = UID = "curve"
"""Of the steps that train and examine its points: they have a store of their own, and no job."""
JOB_KEYS = JobKeys(NAMESPACE, JOB, UID)


class CurveAsk(Document):
    """With a base: write what a curve takes into a store."""

    store: str
    shares: Annotated[list[float], Field(min_length=2, max_length=16)]
    """Of the rows to train on, rising; the last is 1."""
    seeds: Annotated[int, Field(ge=1, le=16)]


class CurvePart(Document):
    """Some of the rows to train on. Of one seed, the smaller part is in the larger."""

    seed: int
    rows: int
    train: StoredFile
    fingerprints: StoredFile


class CurveInputs(Document):
    """What lies in the store."""

    store: str
    exam: str
    """Digest of the exam that the validation rows make."""
    suite: Suite
    base: StoredModel
    shape: Prepared
    """Of the rows to train on."""
    parts: list[CurvePart]

    @property
    def line(self) -> str:
        """An exam has a line of its own: other validation rows are asked beside it."""
        return f"line-{self.exam[:20]}"

    @property
    def line_keys(self) -> LineKeys:
        return LineKeys(NAMESPACE, self.line)
