"""Argo CD's own command judges resources as people meet them. The states are built from the models, so they stay possible."""

from typing import Any

import pytest
from pydantic import BaseModel

from embtune_api.base import Resource
from embtune_api.line import EmbeddingModelStatus
from embtune_api.resources import EmbeddingModel, FineTuneJob, ModelVersion
from embtune_api.status import FineTuneJobStatus
from embtune_api.version import ModelVersionResourceStatus
from factories import NOON
from support.chart import HealthOf

DIGEST = "ab" * 32
RECIPE = {"baseModel": {"uri": "hf://org/base"}, "data": {"train": [{"uri": "s3://data/train.jsonl"}]}}
JUDGED = "ndcg@10 0.612: +0.004 over production v3, 95 % bound −0.006 < 0.010 ✗"


def _condition(kind: str, message: str, reason: str = "Because", *, true: bool = True) -> dict[str, Any]:
    status = "True" if true else "False"
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": NOON}


def _verdict(outcome: str) -> dict[str, Any]:
    return {"outcome": outcome, "reason": JUDGED}


def _resource(model: type[Resource], status_model: type[BaseModel], spec: dict[str, Any], status: dict[str, Any]) -> Resource:
    status_model.model_validate(status)
    body: dict[str, Any] = {"apiVersion": "embtune.dev/v1alpha1", "kind": model.__name__, "spec": spec}
    metadata = {"name": "shop", "namespace": "search", "generation": 2}
    return model.model_validate(body | {"metadata": metadata} | ({"status": status} if status else {}))


def _job(*, suspend: bool = False, **status: Any) -> Resource:
    return _resource(FineTuneJob, FineTuneJobStatus, {"model": "shop", "suspend": suspend, **RECIPE}, status)


def _version(*, uri: str | None = None, **status: Any) -> Resource:
    origin = {"uri": uri} if uri else {"version": 4, "digest": DIGEST, "job": "shop-4"}
    return _resource(ModelVersion, ModelVersionResourceStatus, {"model": "shop", **origin}, status)


def _line(*, seen: int | None = 2, pin: int | None = None, **status: Any) -> Resource:
    status = {"observedGeneration": seen, **status} if seen else {}
    return _resource(EmbeddingModel, EmbeddingModelStatus, {"release": {"pin": pin}, "template": {"spec": RECIPE}}, status)


def _not_ready(reason: str, message: str) -> dict[str, Any]:
    return _condition("Ready", message, reason, true=False)


def _latest(phase: str) -> dict[str, str]:
    return {"name": "shop-1f2e", "templateHash": "1f2e", "phase": phase}


V3 = {"version": 3, "digest": DIGEST}
READY = _condition("Ready", "shop-0a is what the template asks for", "UpToDate")
V3_IS = _condition("Released", "v3 is in production: judged better", "Promote")
NOTHING = _condition("Released", "no version has been promoted yet", "NothingReleased", true=False)
TRAINING = {"percent": 42.7, "step": 300, "totalSteps": 700, "message": "epoch 1 of 1"}

STATES: dict[str, tuple[Resource, str, str]] = {
    "a job that no operator has seen": (_job(), "Progressing", "Waiting for the operator"),
    "a job that waits for quota": (_job(phase="Queued"), "Progressing", "Queued"),
    "a job that trains": (_job(phase="Training", progress=TRAINING), "Progressing", "Training, 42 %: epoch 1 of 1"),
    "a job whose pod was evicted and runs again": (
        _job(phase="Training", progress=TRAINING, conditions=[_condition("Retried", "train 1: evicted")]),
        "Progressing",
        "Tried again: train 1: evicted",
    ),
    "a job that saves a checkpoint before it is suspended": (
        _job(suspend=True, phase="Training"),
        "Progressing",
        "it is asked to suspend",
    ),
    "a suspended job": (
        _job(suspend=True, phase="Suspended", conditions=[_condition("Suspended", "checkpoint of step 300")]),
        "Suspended",
        "checkpoint of step 300",
    ),
    "a job that brought its version into production": (
        _job(phase="Succeeded", verdict=_verdict("Passed"), conditions=[_condition("Promoted", "shop v4 went to production")]),
        "Healthy",
        "shop v4 went to production",
    ),
    "a job whose version waits for a person": (
        _job(
            phase="Succeeded",
            verdict=_verdict("Passed"),
            conditions=[_condition("Promoted", "shop v4 passed; promotion.policy Manual leaves it", true=False)],
        ),
        "Healthy",
        "promotion.policy Manual",
    ),
    "a job whose candidate was rejected has done its work": (
        _job(phase="Succeeded", verdict=_verdict("Rejected"), conditions=[_condition("Judged", JUDGED)]),
        "Healthy",
        f"Candidate rejected, production unchanged: {JUDGED}",
    ),
    "a job whose exam settles nothing": (
        _job(phase="Succeeded", verdict=_verdict("Inconclusive"), conditions=[_condition("Judged", "12 queries, 50 needed")]),
        "Healthy",
        "No verdict, production unchanged: 12 queries",
    ),
    "a job with bad data": (
        _job(phase="Failed", conditions=[_condition("Failed", "train.jsonl:7: anchor is empty", "InvalidInput")]),
        "Degraded",
        "train.jsonl:7: anchor is empty",
    ),
    "a version that was just published": (_version(), "Progressing", "Waiting for the operator"),
    "a version in production": (
        _version(stage="Production", score="ndcg@10 0.730", conditions=[_condition("Ready", "9 files")]),
        "Healthy",
        "Production, ndcg@10 0.730",
    ),
    "a rejected version is kept": (
        _version(stage="Rejected", conditions=[_condition("Ready", "9 files"), _condition("Judged", JUDGED)]),
        "Healthy",
        f"Rejected: {JUDGED}",
    ),
    "a version that was rolled back": (
        _version(stage="RolledBack", conditions=[_condition("Ready", "9 files")]),
        "Healthy",
        "RolledBack",
    ),
    "a version whose manifest was changed": (
        _version(conditions=[_condition("Ready", "manifest.json does not match", "Tampered", true=False)]),
        "Degraded",
        "manifest.json does not match",
    ),
    "a version whose bytes are damaged though its manifest is right": (
        _version(
            stage="Production",
            conditions=[_condition("Ready", "9 files"), _condition("Verified", "model.safetensors differs", true=False)],
        ),
        "Degraded",
        "model.safetensors differs",
    ),
    "a model from outside that is being examined": (
        _version(uri="s3://models/x", conditions=[_condition("Ready", "evaluate runs", "Registering", true=False)]),
        "Progressing",
        "evaluate runs",
    ),
    "a model from outside that is none": (
        _version(uri="s3://models/x", conditions=[_condition("Failed", "s3://models/x holds no model", "InvalidInput")]),
        "Degraded",
        "holds no model",
    ),
    "a line that no operator has seen": (_line(seen=None), "Progressing", "Waiting for the operator"),
    "a line whose edit no operator has seen": (_line(seen=1, production=V3), "Progressing", "Waiting for the operator"),
    "a line without a version": (_line(conditions=[READY, NOTHING]), "Healthy", "Nothing is in production"),
    "a line in production": (_line(production=V3, conditions=[READY, V3_IS]), "Healthy", "v3 is in production"),
    "a line whose new job trains": (
        _line(
            production=V3, latestJob=_latest("Training"), conditions=[_not_ready("JobUnfinished", "shop-1f2e is Training"), V3_IS]
        ),
        "Progressing",
        "shop-1f2e is Training",
    ),
    "a line whose new job waits for the one before": (
        _line(production=V3, conditions=[_not_ready("WaitingForJob", "shop-1f2e is made when shop-0a has ended"), V3_IS]),
        "Progressing",
        "is made when shop-0a has ended",
    ),
    "a line whose new job failed": (
        _line(
            production=V3,
            latestJob=_latest("Failed"),
            conditions=[_not_ready("JobFailed", "shop-1f2e has failed: no data"), V3_IS],
        ),
        "Degraded",
        "shop-1f2e has failed: no data",
    ),
    "a line whose new job is suspended": (
        _line(latestJob=_latest("Suspended"), conditions=[_not_ready("JobUnfinished", "shop-1f2e is Suspended"), NOTHING]),
        "Suspended",
        "shop-1f2e is Suspended",
    ),
    "a line whose pin cannot be had": (
        _line(pin=9, production=V3, conditions=[READY, _condition("Released", "v9 is not there", "PinRefused", true=False)]),
        "Degraded",
        "v9 is not there",
    ),
    "a line whose pin is overtaken": (
        _line(pin=9, production=V3, conditions=[READY, _condition("Released", "somebody was faster", "PinDelayed", true=False)]),
        "Progressing",
        "somebody was faster",
    ),
    "a line whose template is refused": (
        _line(production=V3, conditions=[_not_ready("TemplateRefused", "spec.data.train is empty"), V3_IS]),
        "Degraded",
        "spec.data.train is empty",
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_argo_cd_judges(state: str, health_of: HealthOf) -> None:
    resource, health, message = STATES[state]
    told = health_of(resource.model_dump(mode="json", by_alias=True, exclude_none=True))
    assert told.startswith(f"STATUS: {health}\n"), told
    assert message in told.partition("MESSAGE: ")[2]
