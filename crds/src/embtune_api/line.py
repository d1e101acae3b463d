"""Spec and status of an EmbeddingModel: the line, as Git owns it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from embtune_api.base import Resource
from embtune_api.crd.declare import cel
from embtune_api.crd.expressions import matches
from embtune_api.labels import LABEL_NAME, LABEL_NAME_FORM, LabelValue, with_label_names
from embtune_api.spec import Recipe
from embtune_api.status import Conditions, LastRequest
from embtune_api.texts import Digest, Name


class ReleasePolicy(Resource):
    """What goes to production, and who says so."""

    policy: Literal["Automatic", "Manual"] = "Automatic"
    """Automatic: a job promotes what passed, if its own promotion.policy says so too. Manual: only a pin or a request does."""
    pin: Annotated[int, Field(ge=1, le=999_999_999)] | None = None
    """This version is in production, whatever jobs and requests say; None: nothing is pinned."""


class JobTemplate(Resource):
    """What every job of the line looks like. An edit makes a new job, named `<model>-<template hash>`."""

    labels: Annotated[dict[str, LabelValue], Field(max_length=32)] = {}
    """Put on the jobs; a Kueue queue name, for example."""
    spec: Recipe

    @field_validator("labels")
    @classmethod
    @cel(f"self.labels.all(name, name.size() <= 253 && {matches('name', LABEL_NAME)})", LABEL_NAME_FORM, field="labels")
    def _labels_can_be_labels(cls, labels: dict[str, str]) -> dict[str, str]:
        return with_label_names(labels)


class EmbeddingModelSpec(Resource):
    release: ReleasePolicy = ReleasePolicy()
    template: JobTemplate | None = None
    """None: jobs are made by hand."""
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] = "Forbid"
    """While a job of an older template runs, the new one runs beside it (Allow), waits (Forbid), or replaces it (Replace)."""


class VersionSummary(Resource):
    version: int
    digest: Digest


class JobSummary(Resource):
    name: Name
    template_hash: Annotated[str, Field(max_length=63)]
    phase: Annotated[str, Field(max_length=32)]


class EmbeddingModelStatus(Resource):
    observed_generation: int | None = None
    production: VersionSummary | None = None
    previous: VersionSummary | None = None
    latest_job: JobSummary | None = None
    conditions: Conditions = []
    last_request: LastRequest | None = None
