"""The model that a loss learns from: `spec.training.loss.teacher`."""

from __future__ import annotations

from embtune_api.names import Uri
from embtune_api.places import AnyModel, VersionSelector


class Teacher(AnyModel):
    """A model that is not trained and knows better. `prepare` stages it; what it says of the rows is asked once and kept with the
    line."""

    uri: Uri | None = None
    """`hf://org/name`, `s3://bucket/prefix`, or a folder (local runs only); read with the base model's secretRef."""
    version: VersionSelector | None = None
    """A published version; not for MarginMSE, which learns from a cross-encoder."""
