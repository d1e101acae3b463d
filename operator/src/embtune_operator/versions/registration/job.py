"""What a cluster has to know of a registration in order to launch its steps: a job, so to speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.base_model import BaseModelRef
from embtune_api.data import Data
from embtune_api.evaluation import Evaluation
from embtune_api.promotion import Promotion
from embtune_api.resources import FineTuneJob
from embtune_api.runtime import Runtime
from embtune_api.spec import FineTuneJobSpec
from embtune_api.training import Training

if TYPE_CHECKING:
    from embtune_api.resources import ModelVersion


def job_of(version: ModelVersion) -> FineTuneJob:
    """It carries the ModelVersion's name, uid and labels, and its kind, so children belong to the ModelVersion.

    No API server would take it: it has no data, since nothing is trained.
    """
    spec = FineTuneJobSpec.model_construct(
        model=version.spec.model,
        base_model=model_of(version),
        data=Data.model_construct(train=[]),
        training=Training(),
        evaluation=Evaluation(),
        promotion=Promotion(policy="Never"),
        runtime=Runtime(profile=version.spec.profile),
        suspend=False,
        ttl_seconds_after_finished=None,
    )
    job = FineTuneJob.model_construct(
        api_version=version.api_version, kind="FineTuneJob", metadata=version.metadata, spec=spec, status=None
    )
    return job.model_copy(update={"kind": version.kind})


def model_of(version: ModelVersion) -> BaseModelRef:
    """The model to be registered, as prepare takes it."""
    return BaseModelRef(uri=version.spec.uri, secret_ref=version.spec.secret_ref)
