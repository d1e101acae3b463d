"""What people read: the status of a FineTuneJob. A cache of the store, written whole."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from embtune_api.base import Resource
from embtune_api.crd.declare import keyed_by
from embtune_api.texts import Digest, Line, Message, Name
from embtune_api.verdict import Verdict

Phase = Literal["Pending", "Queued", "Preparing", "Training", "Evaluating", "Publishing", "Succeeded", "Failed", "Suspended"]
Stage = Literal["Candidate", "Canary", "Production", "Archived", "Rejected", "RolledBack"]
StepName = Literal["prepare", "train", "evaluate", "publish"]
Metrics = Annotated[dict[str, float | None], Field(max_length=2048)]
Role = Literal["candidate", "base", "champion"]
"""Of a model that is examined."""


FailureReason = Literal[
    "OutOfMemory",
    "Evicted",
    "NodeLost",
    "ImagePull",
    "InvalidInput",
    "Stalled",
    "Deleted",
    "Stopped",
    "Suspended",
    "Superseded",
    "Rejected",
    "Error",
]
"""Why an attempt ended without its output. `Stopped`: its pod was told to end, and it saved a checkpoint; `Suspended`: the job
was suspended; `Superseded`: its result was no longer wanted, since what is in production has changed; `Rejected`: the API server
refused to create it (quota, policy); `Deleted`: somebody removed its pod or its Job."""
ConditionType = Literal[
    "Complete",
    "Failed",
    "DataReady",
    "Trained",
    "Picked",
    "Judged",
    "Promoted",
    "Suspended",
    "Retried",
    "Ready",
    "Verified",
    "Released",
    "ReindexRequired",
]


class Condition(Resource):
    """A standard Kubernetes condition; its message gives numbers and causes.

    FineTuneJob: Complete, Failed, DataReady, Trained, Picked (the best of several candidates), Judged, Promoted, Suspended,
    Retried (the last attempt that had to be repeated), ReindexRequired (its embeddings differ in kind from those in production).
    ModelVersion: Ready, Verified, Judged, Failed, ReindexRequired. EmbeddingModel: Ready, Released.
    """

    type: ConditionType
    status: Literal["True", "False", "Unknown"]
    reason: Annotated[str, Field(max_length=128)]
    message: Message = ""
    last_transition_time: datetime


Conditions = Annotated[list[Condition], Field(max_length=16, json_schema_extra=keyed_by("type"))]


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
    message: Line = ""

    @property
    def text(self) -> str:
        """`step 40/70 · loss 0.430 · 152 samples/s · 0:12 left`"""
        parts = [self.message] if self.message else []
        if self.step is not None and self.total_steps:
            parts.append(f"step {self.step}/{self.total_steps}")
        if self.loss is not None:
            parts.append(f"loss {self.loss:.3f}")
        if self.samples_per_second:
            parts.append(f"{self.samples_per_second:.0f} samples/s")
        if self.eta_seconds is not None:
            parts.append(f"{int(self.eta_seconds) // 60}:{int(self.eta_seconds) % 60:02d} left")
        return " · ".join(parts)


class Attempt(Resource):
    """One launch of a step."""

    step: StepName
    number: int
    """Counted from 1 for each step; never used twice, whatever became of the attempt."""
    digest: Annotated[str, Field(max_length=64)] = ""
    """The first characters of its input digest: they name its folder in the store."""
    state: Literal["Queued", "Running", "Succeeded", "Failed"]
    """Queued: created, but no pod of it has started: no quota, no node, or a suspended Job (Kueue)."""
    reason: FailureReason | None = None
    message: Message = ""
    """Why it failed, or what it waits for."""
    launched_at: datetime | None = None
    """When it was created."""
    started_at: datetime | None = None
    """When its pods had started."""
    finished_at: datetime | None = None


class CandidateStatus(Resource):
    """One of several candidates. Its score is of the validation rows; only the one that is picked sees the exam."""

    name: Name
    phase: Literal["Waiting", "Training", "Trained", "Failed", "Skipped"]
    picked: bool = False
    score: Annotated[str, Field(max_length=64)] | None = None
    """`ndcg@10 0.730`"""
    lower: float | None = None
    """One-sided bound of the score, once they are ranked."""
    upper: float | None = None
    behind: float | None = None
    """How much less it has than the best; 0: it is the best."""
    parameters: int | None = None
    dimension: int | None = None
    size: int | None = None
    """bytes"""
    texts_a_second: float | None = None
    """Encoded on the machine that trained it."""
    message: Line = ""
    """Why it failed, or was left out."""


class EvaluationStatus(Resource):
    """Scores on the exam: metric → value."""

    candidate: Metrics = {}
    base: Metrics = {}
    champion: Metrics = {}


class ModelVersionStatus(Resource):
    name: Name
    version: int
    digest: Digest
    stage: Stage


class LastRequest(Resource):
    """What became of the newest `embtune.dev/request`. Handled once: an annotation with the same value is not looked at again."""

    value: Annotated[str, Field(max_length=512)]
    """The annotation, as it was."""
    outcome: Literal["Done", "Refused", "InProgress"]
    message: Message = ""
    at: datetime


class Launch(Resource):
    """How this job's steps are launched: frozen at the first launch, whatever the platform's settings become later."""

    launcher: Literal["PyTorchJob", "IndexedJob"]
    image: Annotated[str, Field(max_length=512)]
    profile: Annotated[str, Field(max_length=63)]
    """Name of the profile; its content at that time is `template`."""
    template: Annotated[str, Field(max_length=16384)]
    """The profile's content, as JSON."""


class FineTuneJobStatus(Resource):
    observed_generation: int | None = None
    phase: Phase = "Pending"
    score: Annotated[str, Field(max_length=64)] | None = None
    """The candidate's score on the first gate's metric, for `kubectl get`: `ndcg@10 0.730`."""
    conditions: Conditions = []
    progress: Progress | None = None
    attempts: Annotated[list[Attempt], Field(max_length=80, json_schema_extra=keyed_by("step", "number"))] = []
    candidates: Annotated[list[CandidateStatus], Field(max_length=8, json_schema_extra=keyed_by("name"))] = []
    """In the order of spec.candidates; none: the job has none."""
    evaluation: EvaluationStatus | None = None
    verdict: Verdict | None = None
    model_version: ModelVersionStatus | None = None
    launch: Launch | None = None
    last_request: LastRequest | None = None
    started_at: datetime | None = None
    """When the first step was launched."""
    finished_at: datetime | None = None
    cleaned_at: datetime | None = None
    """When its pods and scratch objects were removed, `ttlSecondsAfterFinished` after the end."""
