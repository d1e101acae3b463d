"""The status of a ModelVersion, from what the store says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.metrics import of_quality, on_the_whole, split_metric
from embtune_api.version import ModelVersionResourceStatus
from embtune_operator.pipeline.conditions import condition, find, reindex_required, with_their_times
from embtune_operator.versions.look import line_of, release_name

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.documents.publish import PublishedEvaluation, VersionRef
    from embtune_api.resources import ModelVersion
    from embtune_api.status import Condition, LastRequest
    from embtune_operator.registry.versions import Version
    from embtune_operator.versions.look import Seen

_SHOWN = "ndcg@10"
"""Of the scores, where no gate says which one counts."""


def status_of(
    resource: ModelVersion, ref: VersionRef, seen: Seen, request: LastRequest | None, store_uri: str, now: datetime
) -> ModelVersionResourceStatus:
    """The whole status of a published version. What is known of one that is damaged or gone is no longer shown."""
    before = resource.status
    known = ModelVersionResourceStatus(
        observed_generation=resource.metadata.generation, version=ref.version, digest=ref.digest, last_request=request
    )
    version = seen.version
    if version is None:
        assert seen.fault
        fault = condition("Ready", seen.fault.reason, seen.fault.message, now, true=False)
        return known.model_copy(update={"conditions": with_their_times([fault], before)})
    verdict = version.evaluation.verdict
    conditions = [
        _ready(version, now),
        *_verified(seen, before.conditions if before else [], now),
        condition("Judged", verdict.outcome, verdict.reason, now),
        *([reindex_required(seen.production, seen.reindex, now)] if seen.production and seen.reindex else []),
    ]
    return known.model_copy(
        update={
            "stage": version.stage,
            "uri": f"{store_uri.rstrip('/')}/{line_of(resource).version(ref.version).model}",
            "score": score_of(version.evaluation),
            "verdict": verdict.outcome,
            "metrics": {name: value for name, value in version.evaluation.candidate.items() if value is not None},
            "contract": version.metadata.contract,
            "conditions": with_their_times(conditions, before),
        }
    )


def score_of(evaluation: PublishedEvaluation) -> str | None:
    """`ndcg@10 0.730`: on the first gate's metric; without gates on ndcg@10, or on whatever there is."""
    scores = {name: value for name in of_quality(evaluation.candidate) if (value := evaluation.candidate[name]) is not None}
    wanted = of_quality([on_the_whole(gate.metric) for gate in evaluation.verdict.gates])[:1]
    usual = [name for name in scores if split_metric(name)[1] == _SHOWN]
    name = next((name for name in (*wanted, *usual, *scores) if name in scores), None)
    return f"{split_metric(name)[1]} {scores[name]:.3f}" if name else None


def _ready(version: Version, now: datetime) -> Condition:
    files = version.manifest.files
    size = sum(file.size for file in files)
    return condition("Ready", "Published", f"{len(files)} files, {size:,} bytes; the manifest is the one that was published", now)


def _verified(seen: Seen, before: list[Condition], now: datetime) -> list[Condition]:
    """Whether every byte is known to be right; what was known stays until the version is brought into production again."""
    release, kept = seen.brought, find(before, "Verified")
    if release is None or (seen.damage is None and kept is not None and kept.reason == release_name(release)):
        return [kept] if kept else []
    if seen.damage:
        message = f"{seen.damage} It is in production all the same: promote another version at once"
        return [condition("Verified", release_name(release), message, now, true=False)]
    when = "before it was promoted" if release.transition.kind == "Promote" else "after it was brought back by a rollback"
    return [condition("Verified", release_name(release), f"every byte was verified {when}, in release {release.seq}", now)]
