"""What people read: the status of a FineTuneJob. A cache of the store, written whole."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from embtune_api.base import Resource
from embtune_api.verdict import Verdict

Phase = Literal["Pending", "Queued", "Preparing", "Training", "Evaluating", "Publishing", "Succeeded", "Failed", "Suspended"]
Stage = Literal["Candidate", "Canary", "Production", "Archived", "Rejected", "RolledBack"]
StepName = Literal["prepare", "train", "evaluate", "publish"]
Metrics = dict[str, float | None]


class Condition(Resource):
    """A standard Kubernetes condition; its message gives numbers and causes."""

    type: Literal["Complete", "Failed", "DataReady", "Judged", "Promoted"]
    status: Literal["True", "False", "Unknown"]
    reason: Annotated[str, Field(max_length=128)]
    message: Annotated[str, Field(max_length=2048)] = ""
    last_transition_time: datetime


class Progress(Resource):
    """Where the running step is. Also `progress.json`, which the step rewrites every second or two."""

    percent: Annotated[float, Field(ge=0, le=100)] = 0
    step: int | None = None
    """Optimizer steps done."""
    total_steps: int | None = None
    epoch: float | None = None
    loss: float | None = None
    samples_per_second: float | None = None
    """Training rows a second."""
    eta_seconds: float | None = None
    message: Annotated[str, Field(max_length=256)] = ""


class Attempt(Resource):
    """One launch of a step."""

    step: StepName
    number: int
    state: Literal["Running", "Succeeded", "Failed"]
    message: Annotated[str, Field(max_length=2048)] = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class EvaluationStatus(Resource):
    """Scores on the exam: metric → value."""

    candidate: Metrics = {}
    base: Metrics = {}
    champion: Metrics = {}


class ModelVersionStatus(Resource):
    name: str
    version: int
    digest: str
    stage: Stage


class FineTuneJobStatus(Resource):
    phase: Phase = "Pending"
    conditions: Annotated[list[Condition], Field(max_length=16)] = []
    progress: Progress | None = None
    attempts: Annotated[list[Attempt], Field(max_length=80)] = []
    evaluation: EvaluationStatus | None = None
    verdict: Verdict | None = None
    model_version: ModelVersionStatus | None = None
