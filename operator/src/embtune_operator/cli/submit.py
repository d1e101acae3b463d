"""`embtune submit`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from embtune_api.errors import Exit
from embtune_operator.cli.options import cluster_options, debug_option, json_option, print_json
from embtune_operator.jobfile import load_job

if TYPE_CHECKING:
    from embtune_api.resources import FineTuneJob
    from embtune_operator.client.session import Target
    from embtune_operator.kube.api import KubeApi


@click.command("submit")
@click.argument("file", type=click.Path(path_type=Path), metavar="JOB.yaml")
@click.option("--watch", "-w", is_flag=True, help="Show its way until it has ended; Ctrl-C stops the watching, not the job.")
@cluster_options
@json_option
@debug_option
def command(file: Path, watch: bool, target: Target, as_json: bool) -> int:
    """Give a FineTuneJob to the operator of a cluster, as `kubectl apply` would, after checking it here.

    A job that is there already, with the same spec, is watched; run the command again to take up the watching.
    With --watch the exit code tells the end: 0 passed, 3 rejected or inconclusive, 2 invalid input, 1 failed.

    \b
    Example:
      embtune submit job.yaml --watch --namespace search
    """
    from embtune_operator.client import submit
    from embtune_operator.client.session import talk

    job = load_job(file, cluster=True)

    async def hand_over(api: KubeApi, namespace: str) -> FineTuneJob:
        where = target.namespace or (job.metadata.namespace if "namespace" in job.metadata.model_fields_set else namespace)
        outcome = await submit.submit(api, job, where)
        click.echo(f"finetunejob.embtune.dev/{job.metadata.name} {outcome} in namespace {where}", err=True)
        if not watch:
            click.echo(f"Watch it: embtune submit {file} --watch, or kubectl -n {where} get ftj {job.metadata.name} -w", err=True)
            return await submit.read_job(api, where, job.metadata.name)
        from embtune_operator.view.progress import progress_view

        with progress_view() as view:
            return await submit.watch(api, where, job.metadata.name, view)

    try:
        there = talk(target, hand_over)
    except KeyboardInterrupt:
        click.echo(
            f"embtune: stopped watching; {job.metadata.name} goes on in the cluster. The same command watches it again.",
            err=True,
        )
        return int(Exit.INTERRUPTED)
    if as_json:
        print_json(there.model_dump(mode="json", by_alias=True, exclude_none=True))
    return _end(there, as_json) if watch else int(Exit.OK)


def _end(job: FineTuneJob, as_json: bool) -> int:
    """Say how it ended; returns the exit code."""
    from embtune_operator.pipeline.conditions import find

    status = job.status
    assert status
    if failed := find(status.conditions, "Failed"):
        click.echo(f"embtune: {failed.message}", err=True)
        return int(Exit.INVALID if failed.reason == "InvalidInput" else Exit.FAILED)
    assert status.verdict
    if not as_json:
        for gate in status.verdict.gates:
            click.echo(gate.line)
        for condition in status.conditions:
            if condition.type in ("Complete", "Promoted"):
                click.echo(condition.message)
    return int(Exit.OK if status.verdict.outcome == "Passed" else Exit.NOT_PROMOTED)
