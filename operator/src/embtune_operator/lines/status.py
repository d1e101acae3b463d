"""The status of an EmbeddingModel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.line import EmbeddingModelStatus, VersionSummary
from embtune_operator.pipeline.conditions import condition, with_their_times

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.documents.publish import VersionRef
    from embtune_api.resources import EmbeddingModel
    from embtune_api.status import Condition, LastRequest
    from embtune_operator.lines.pin import Pinned
    from embtune_operator.lines.stamping import Stamping


def status_of(
    line: EmbeddingModel, pinned: Pinned, stamping: Stamping, request: LastRequest | None, now: datetime
) -> EmbeddingModelStatus:
    release = pinned.release
    ready = condition("Ready", stamping.reason, stamping.message, now, true=stamping.ready)
    return EmbeddingModelStatus(
        observed_generation=line.metadata.generation,
        production=_shown(release.production if release else None),
        previous=_shown(release.previous if release else None),
        latest_job=stamping.latest,
        conditions=with_their_times([ready, _released(line, pinned, now)], line.status),
        last_request=request,
    )


def _released(line: EmbeddingModel, pinned: Pinned, now: datetime) -> Condition:
    """Whether what should be in production is there."""
    release, policy = pinned.release, line.spec.release
    production = release.production if release else None
    if pinned.reason:
        instead = _instead(production)
        return condition("Released", pinned.reason, f"v{policy.pin} is pinned, {instead}: {pinned.message}", now, true=False)
    if release is None or production is None:
        return condition("Released", "NothingReleased", "no version has been promoted yet", now, true=False)
    if policy.pin is not None:
        return condition("Released", "Pinned", f"v{production.version} is in production: it is pinned", now)
    held = "; release.policy is Manual: jobs promote nothing" if policy.policy == "Manual" else ""
    message = f"v{production.version} is in production: {release.transition.reason}{held}"
    return condition("Released", release.transition.kind, message, now)


def _instead(production: VersionRef | None) -> str:
    return f"but v{production.version} is in production" if production else "but nothing is in production"


def _shown(ref: VersionRef | None) -> VersionSummary | None:
    return VersionSummary(version=ref.version, digest=ref.digest) if ref else None
