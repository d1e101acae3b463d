"""What single kinds of suites take beside their data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from embtune_api.base import Resource
from embtune_api.names import Uri
from embtune_api.places import OutsideModel, SecretRef
from embtune_api.suite_data import LabelledRows


class ClassificationSettings(Resource):
    """How a text gets its label from labelled texts: the reference."""

    by: Literal["Centroid", "Neighbours"] = "Centroid"
    """Centroid: the label whose texts have the nearest mean vector. Neighbours: the label with most similarity among the
    nearest texts."""
    neighbours: Annotated[int, Field(ge=1, le=100)] = 5
    """How many, for Neighbours."""
    reference: LabelledRows | None = None
    """The labelled texts to learn the labels from; the suite's data is then asked as a whole. Default: of each label's texts one
    half, chosen by hash, is asked, and the other half is the reference."""
    out_of_scope: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    """The label of texts that have none of the others. It is not in the reference: a text gets it where nothing is near enough.
    How near that is, each half of the texts learns from the other half."""


class CrossEncoderRef(OutsideModel):
    """A model that reads two texts together and says how well the second answers the first."""

    uri: Uri
    """`hf://org/name`, `s3://bucket/prefix`, or a folder (local runs only), with one output. The line keeps a copy."""
    secret_ref: SecretRef | None = None
    """Credentials for an s3:// uri, or HF_TOKEN for a private model of the hub."""


class RerankingSettings(Resource):
    """A second look at the passages that were found."""

    cross_encoder: CrossEncoderRef
    """Orders them anew."""
    depth: Annotated[int, Field(ge=1, le=1000)] = 50
    """Passages of each query that it reads; the others stay behind them, in their order."""
