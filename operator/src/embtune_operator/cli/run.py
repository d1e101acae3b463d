"""`embtune run`"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from embtune_api.documents.job import JobResult
from embtune_api.documents.publish import Owner
from embtune_api.errors import Exit, InvalidInput
from embtune_api.keys import LineKeys
from embtune_operator.cli.options import debug_option, opened, print_json, store_option
from embtune_operator.identity import inputs_by_name, with_local_uid
from embtune_operator.jobfile import load_job
from embtune_operator.pipeline.conditions import find
from embtune_operator.pipeline.step_requests import job_keys
from embtune_operator.settings import Settings
from embtune_store import documents

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.resources import FineTuneJob
    from embtune_api.runtime import Runtime
    from embtune_operator.local.warm import WarmHandle
    from embtune_store.protocol import Store


@click.command("run")
@click.argument("file", type=click.Path(path_type=Path), metavar="JOB.yaml")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print the final FineTuneJob, or the diagnosis, alone on stdout.")
@click.option("--diagnose", is_flag=True, help="Find out why a training does not learn: prepare, then short experiments alone.")
@debug_option
def command(file: Path, store_uri: str, as_json: bool, diagnose: bool) -> int:
    """Run a whole FineTuneJob on this machine: prepare, train, evaluate, judge, publish, promote.

    Run again, it goes on where it stopped; a finished job does no work. Ctrl-C saves a checkpoint first.

    With --diagnose the job's data is prepared, and nothing is trained for good, published or promoted. In a few minutes you read
    whether the encoder is sound, at which learning rates the loss falls, whether one batch can be learnt by heart, and whether
    the recipe as it stands learns, with the gradient by layer; then the likely causes in order, each with its number and the line
    to change. Exit code 1 when something is wrong. It may be asked before a job runs, and after it has.

    \b
    Examples:
      embtune run examples/tldr/job.yaml
      embtune run job.yaml --store s3://models/team-a --json > result.json
      embtune run job.yaml --diagnose
    """
    if diagnose:
        return diagnose_file(file, store_uri, as_json=as_json)
    return run_file(file, store_uri, as_json=as_json)


def run_file(file: Path, store_uri: str, *, as_json: bool = False, start_warm: Callable[[Path], WarmHandle] | None = None) -> int:
    """Run the job of a file; returns the exit code.

    Args:
        start_warm: starts the warm process in another way.

    Raises:
        InvalidInput, StoreDenied: before anything is started.
        Interrupted: Ctrl-C.
    """
    job = load_job(file)
    folder = file.resolve().parent
    job = with_local_uid(job, folder)
    store = opened(store_uri)
    finished = documents.read(store, job_keys(job).result, JobResult)
    if finished:
        job = job.model_copy(update={"status": finished.status})
        _say_finished_before(job, folder)
    else:
        job = asyncio.run(_drive(job, store, folder, start_warm))
    return _end(job, store, as_json)


def diagnose_file(file: Path, store_uri: str, *, as_json: bool = False) -> int:
    """Diagnose the training of a file's job; returns the exit code.

    Raises:
        InvalidInput, StoreDenied, Interrupted: as `run_file`.
    """
    from embtune_operator.diagnose.diagnose import diagnosed, prepared
    from embtune_operator.view.diagnosis import print_diagnosis, progress

    folder = file.resolve().parent
    job = with_local_uid(load_job(file), folder)
    store = opened(store_uri)
    plan = asyncio.run(prepared(job, _settings(job, store, folder), store))
    with progress() as show:
        diagnosis = diagnosed(plan, show)
    if as_json:
        print_json(diagnosis.model_dump(mode="json"))
    else:
        print_diagnosis(diagnosis)
    return int(Exit.OK if diagnosis.healthy else Exit.FAILED)


async def _drive(job: FineTuneJob, store: Store, folder: Path, start_warm: Callable[[Path], WarmHandle] | None) -> FineTuneJob:
    from embtune_operator.local import warm
    from embtune_operator.local.cluster import LocalCluster
    from embtune_operator.local.drive import Interrupts, drive
    from embtune_operator.local.lock import only_run
    from embtune_operator.view.progress import progress_view

    if job.spec.runtime.nodes > 1:
        click.echo(_one_machine(job.spec.runtime), err=True)
    interrupts = Interrupts()
    async with AsyncExitStack() as stack:
        scratch = await stack.enter_async_context(only_run(job, store.uri, lambda text: click.echo(text, err=True)))
        view = stack.enter_context(progress_view())
        stack.enter_context(interrupts.listening())
        cluster = LocalCluster(scratch, view.show, view.tell, start_warm or warm.start_warm)
        stack.push_async_callback(cluster.close)
        return await drive(job, _settings(job, store, folder), store, cluster, interrupts)


def _one_machine(runtime: Runtime) -> str:
    processes = runtime.nodes * runtime.processes_per_node
    return f"this machine stands in for {runtime.nodes} nodes: {processes} processes train on it"


def _settings(job: FineTuneJob, store: Store, folder: Path) -> Settings:
    return Settings(
        store=store.uri,
        owner=Owner(cluster="local", namespace_uid=job.metadata.namespace),
        folder=str(folder),
        max_attempts=1,
        poll_seconds=2.0 if store.uri.startswith("s3://") else 0.5,
    )


def _end(job: FineTuneJob, store: Store, as_json: bool) -> int:
    status = job.status
    assert status
    if as_json:
        print_json(job.model_dump(mode="json", by_alias=True, exclude_none=True))
    if suspended := find(status.conditions, "Suspended"):
        raise InvalidInput(f"{job.metadata.name} is suspended, so nothing runs: {suspended.message}")
    if failed := find(status.conditions, "Failed"):
        click.echo(f"embtune: {failed.message}", err=True)
        return int(Exit.INVALID if failed.reason == "InvalidInput" else Exit.FAILED)
    if not as_json:
        from embtune_operator.view.console import result_console
        from embtune_operator.view.summary import print_summary

        print_summary(result_console(), job, LineKeys(job.metadata.namespace, job.spec.model), store)
    assert status.verdict
    return int(Exit.OK if status.verdict.outcome == "Passed" else Exit.NOT_PROMOTED)


def _say_finished_before(job: FineTuneJob, folder: Path) -> None:
    assert job.status
    done = find(job.status.conditions, "Complete")
    when = f" on {done.last_transition_time:%Y-%m-%d at %H:%M:%S} UTC" if done else ""
    fixed = inputs_by_name(job, folder)
    were = "was resolved then and is" if len(fixed) == 1 else "were resolved then and are"
    unseen = f" {', '.join(fixed)} {were} not looked at again: a new metadata.name makes a new job." if fixed else ""
    click.echo(
        f"Nothing to do: {job.metadata.name} finished{when}, and neither the job nor its local files have changed since "
        f"(result.json in the store says so).{unseen} What came out:",
        err=True,
    )
