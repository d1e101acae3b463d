"""The steps of a registration: a request for each whose inputs are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embtune_api.digest import digest_of
from embtune_api.keys import JobKeys
from embtune_api.requests import EvaluateRequest, Judged, PrepareRequest, PublishRequest
from embtune_api.verdict import Verdict
from embtune_operator.versions.registration.job import model_of

if TYPE_CHECKING:
    from embtune_api.documents.files import StepManifest
    from embtune_api.documents.prepare import ResolvedBase, StagedSuite
    from embtune_api.evaluation import Suite
    from embtune_api.resources import ModelVersion
    from embtune_operator.pipeline.resolved import Champion
    from embtune_operator.settings import Settings

_VERDICT = Verdict(outcome="Inconclusive", reason="registered from outside: there are no gates, it is promoted by request")


@dataclass(frozen=True)
class Examination:
    """What the registered model is examined on, and beside whom."""

    exam: str
    suites: list[Suite]
    staged: list[StagedSuite]
    champion: Champion | None


def keys_of(version: ModelVersion) -> JobKeys:
    """Where the steps of the registration keep what they make."""
    return JobKeys(version.metadata.namespace, version.metadata.name, version.metadata.uid)


def prepare_request(version: ModelVersion, settings: Settings) -> PrepareRequest:
    model = model_of(version)
    digest = digest_of({"step": "prepare", "model": version.spec.model, "registered": version.metadata.uid, "base": model})
    return PrepareRequest(
        **_common(version, settings, digest), owner=settings.owner, data=None, base_model=model, folder=settings.folder
    )


def evaluate_request(
    version: ModelVersion, staged: ResolvedBase, examination: Examination, settings: Settings
) -> EvaluateRequest:
    models = [Judged(role="candidate", model=staged.model)]
    if examination.champion:
        models.append(Judged(role="champion", model=examination.champion.model))
    digest = digest_of(
        {
            "step": "evaluate",
            "exam": examination.exam,
            "suites": examination.suites,
            "staged": [[suite.name, suite.exam] for suite in examination.staged],
            "models": [[judged.role, judged.model.digest] for judged in models],
        }
    )
    return EvaluateRequest(
        **_common(version, settings, digest),
        exam=examination.exam,
        models=models,
        suites=examination.suites,
        staged=examination.staged,
    )


def publish_digest(version: ModelVersion, staged: ResolvedBase) -> str:
    """Keyed on the model alone: a registration publishes one version, whatever was in production meanwhile."""
    return digest_of({"step": "publish", "model": version.spec.model, "candidate": staged.model.digest})


def publish_request(
    version: ModelVersion,
    staged: StepManifest,
    base: ResolvedBase,
    examination: Examination,
    evaluated: StepManifest,
    settings: Settings,
) -> PublishRequest:
    champion = examination.champion.ref if examination.champion else None
    return PublishRequest(
        **_common(version, settings, publish_digest(version, base)),
        candidate=base.model,
        fingerprints=None,
        evaluated=keys_of(version).step("evaluate", evaluated.input_digest).root,
        champion_version=champion.version if champion else None,
        verdict=_VERDICT,
        base=base,
        training_config={},
        training_data={"exam": examination.exam},
        lineage={
            "namespace": version.metadata.namespace,
            "registered": version.metadata.name,
            "registered_uid": version.metadata.uid,
            "base": {"uri": base.uri, "revision": base.revision, "digest": base.model.digest},
            "champion": champion.model_dump(mode="json") if champion else None,
            "prepare": staged.digest,
            "evaluate": evaluated.digest,
        },
    )


def _common(version: ModelVersion, settings: Settings, digest: str) -> dict[str, Any]:
    return {
        "store": settings.store,
        "namespace": version.metadata.namespace,
        "model": version.spec.model,
        "job": version.metadata.name,
        "job_uid": version.metadata.uid,
        "digest": digest,
    }
