"""`embtune logs`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from embtune_operator.cli.options import cluster_options, debug_option

if TYPE_CHECKING:
    from embtune_operator.client.session import Target
    from embtune_operator.kube.api import KubeApi


@click.command("logs")
@click.argument("job")
@click.option("--step", type=click.Choice(["prepare", "train", "evaluate", "publish"]), help="Of this step alone.")
@click.option("--follow", "-f", is_flag=True, help="Go on printing until the job has ended; Ctrl-C stops the printing alone.")
@click.option("--tail", default=200, show_default=True, metavar="LINES", help="Lines of each pod.")
@cluster_options
@debug_option
def command(job: str, step: str | None, follow: bool, tail: int, target: Target) -> None:
    """Print what the pods of JOB print, oldest first.

    \b
    Examples:
      embtune logs tldr-search-1 --namespace search
      embtune logs tldr-search-1 --step train --follow
    """
    from embtune_operator.client import logs
    from embtune_operator.client.session import talk

    async def print_them(api: KubeApi, namespace: str) -> None:
        if follow:
            await logs.follow(api, namespace, job, step, tail, click.echo)
        else:
            await logs.print_logs(api, namespace, await logs.pods_of(api, namespace, job, step), tail, click.echo)

    talk(target, print_them)
