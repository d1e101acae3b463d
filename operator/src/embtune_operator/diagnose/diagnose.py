"""Diagnoses the job of a file, from end to end."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import click

from embtune_api.diagnosis import DiagnosisNews, DiagnosisRequest
from embtune_api.errors import EmbtuneError
from embtune_api.requests import TrainRequest
from embtune_operator.advice.ask import ask
from embtune_operator.diagnose.verdict import Diagnosis, diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.diagnosis import DiagnosisProgress, Measured
    from embtune_api.resources import FineTuneJob
    from embtune_operator.pipeline.plan import Plan
    from embtune_operator.settings import Settings
    from embtune_store.protocol import Store


async def prepared(job: FineTuneJob, settings: Settings, store: Store) -> Plan:
    """The job's plan once its data is prepared. Raises as `local.prepare`."""
    from embtune_operator.local.cluster import LocalCluster
    from embtune_operator.local.drive import Interrupts
    from embtune_operator.local.lock import only_run
    from embtune_operator.local.prepare import prepare
    from embtune_operator.view.progress import progress_view

    interrupts = Interrupts()
    async with AsyncExitStack() as stack:
        scratch = await stack.enter_async_context(only_run(job, store.uri, lambda text: click.echo(text, err=True)))
        view = stack.enter_context(progress_view())
        stack.enter_context(interrupts.listening())
        cluster = LocalCluster(scratch, view.show, view.tell, start_warm=None)
        stack.push_async_callback(cluster.close)
        return await prepare(job, settings, store, cluster, interrupts)


def diagnosed(plan: Plan, show: Callable[[DiagnosisProgress], None]) -> Diagnosis:
    """
    Args:
        plan: of a job whose data is prepared.
        show: is told how far the experiments are.

    Raises:
        InvalidInput: the training itself would refuse the job.
        EmbtuneError: the experiments failed.
    """
    step = plan.step("train")
    assert step
    assert isinstance(step.request, TrainRequest)
    measured = _measured(DiagnosisRequest(train=step.request), show)
    return diagnose(measured, step.request.training, plan.resolved.data_report)


def _measured(request: DiagnosisRequest, show: Callable[[DiagnosisProgress], None]) -> Measured:
    def shown(line: bytes) -> None:
        if progress := DiagnosisNews.model_validate_json(line).progress:
            show(progress)

    answer = DiagnosisNews.model_validate_json(ask("diagnose", request, shown)).answer
    if answer is None:
        raise EmbtuneError("the trainer ended without an answer. Run the same command again.")
    return answer
