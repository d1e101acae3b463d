"""What a step is asked to do: the JSON file behind `embtune-trainer STEP --request request.json`.

A request holds no secret. Two requests with the same `digest` have the same output; `digest` is made of what
determines the output alone, so where a file lies on this machine or how many processes work on it is not in it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from embtune_api.base import Document
from embtune_api.base_model import BaseModelRef
from embtune_api.data import Data
from embtune_api.documents.cost import AskedCost
from embtune_api.documents.evaluate import RoleBounds
from embtune_api.documents.files import StoredFile, StoredModel
from embtune_api.documents.prepare import PreparedSet, ResolvedBase, StagedSuite
from embtune_api.documents.publish import Owner
from embtune_api.encoder import Encoder, EncoderSettings
from embtune_api.evaluation import Suite
from embtune_api.keys import JobKeys, LineKeys
from embtune_api.replayed import Replayed
from embtune_api.slices import Slice
from embtune_api.training import Training
from embtune_api.verdict import Verdict


class StepRequest(Document):
    store: str
    """URI of the store: a folder, or s3://bucket/prefix."""
    namespace: str
    model: str
    job: str
    job_uid: str
    digest: str
    """Input digest: names the output."""

    @property
    def line_keys(self) -> LineKeys:
        return LineKeys(self.namespace, self.model)

    @property
    def job_keys(self) -> JobKeys:
        return JobKeys(self.namespace, self.job, self.job_uid)


class PrepareRequest(StepRequest):
    step: Literal["prepare"] = "prepare"
    owner: Owner
    data: Data | None
    """None: a model from outside is registered. The model alone is looked through and staged; the facts are `StagedFacts`."""
    base_model: BaseModelRef
    bases: dict[str, BaseModelRef] = {}
    """Of the candidates that start elsewhere, by their names."""
    suites: list[Suite] = []
    """Those that have something to fetch."""
    training: Training = Training()
    """The job's recipe: checks compare with it what there is to train on."""
    encoder: Encoder | None = None
    """What the published model will be, where it is not as the base model."""
    slices: list[Slice] = []
    """That are to be told of the exam: an exam that is frozen now keeps their values."""
    replayed: Replayed | None = None
    """What data.replay means; None: nothing is asked for."""
    folder: str | None = None
    """Local runs only: relative paths in `data` and `baseModel` start here. None refuses local paths."""


class TrainRequest(StepRequest):
    """It is never given the exam."""

    step: Literal["train"] = "train"
    rows: StoredFile
    """What prepare left to train on."""
    validation: StoredFile | None = None
    """What prepare left to validate on; None: nothing."""
    auxiliary: list[PreparedSet] = []
    """What is trained on beside them."""
    fingerprints: StoredFile
    """Of all these rows, and of everything that the base was trained on."""
    base: StoredModel
    teacher: StoredModel | None = None
    """Whom the loss learns from; None: from nobody."""
    training: Training
    """Every value explicit, but for a maxSeqLength that is Auto, which the training counts."""
    encoder: Encoder | None = None
    """What the published model will be, where it is not as the base model."""
    candidate: str | None = None
    """The name of one of several candidates: it is asked the validation rows once it is trained. None: the job has none."""
    others_base: str | None = None
    """Key of the folder of the job's own base, from which other candidates may start: their trainings share credentials."""
    processes: int = 1
    """On this node."""
    killed: int = 0
    """Earlier attempts that were killed since memory ran out, but for the first: each halves what is held in memory at once."""


class Judged(Document):
    """A model to be examined."""

    role: Literal["candidate", "base", "champion"]
    model: StoredModel


class EvaluateRequest(StepRequest):
    step: Literal["evaluate"] = "evaluate"
    exam: str
    """The line's."""
    models: list[Judged]
    suites: list[Suite]
    slices: list[Slice] = []
    """Of the exam, told on their own."""
    staged: list[StagedSuite] = []
    """Of those suites that take more than the line's exam."""
    precision: Literal["Auto", "fp32", "bf16"] = "fp32"
    cost: AskedCost | None = None
    """What of the models' cost is to be measured; None: nothing."""
    published: EncoderSettings | None = None
    """What the candidate must be; None: nobody has said."""


class PublishRequest(StepRequest):
    step: Literal["publish"] = "publish"
    candidate: StoredModel
    fingerprints: StoredFile | None
    """Of everything that the candidate was trained on; None: nobody knows, it was trained elsewhere."""
    evaluated: str
    """Prefix of the evaluate step's output."""
    champion_version: int | None
    verdict: Verdict
    bounds: RoleBounds = {}
    """Of what was measured; none where nothing was judged."""
    base: ResolvedBase
    training_config: dict[str, Any]
    training_data: dict[str, Any]
    lineage: dict[str, Any]
    timestamp: datetime | None = None


AnyRequest = Annotated[PrepareRequest | TrainRequest | EvaluateRequest | PublishRequest, Field(discriminator="step")]


class Control(Document):
    """`control.json`: mutable; what the operator wants of a running step."""

    action: Literal["checkpoint-and-stop"]
