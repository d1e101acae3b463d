"""`embtune suspend`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from embtune_operator.cli.options import cluster_options, debug_option, json_option, reason_option, say_answer

if TYPE_CHECKING:
    from embtune_operator.client.session import Target


@click.command("suspend")
@click.argument("job")
@reason_option
@cluster_options
@json_option
@debug_option
def command(job: str, reason: str, target: Target, as_json: bool) -> None:
    """Have JOB save a checkpoint and free its pods, in a cluster. `embtune resume` goes on from there.

    \b
    Example:
      embtune suspend tldr-search-1 --reason 'the GPUs are needed until Monday' --namespace search
    """
    from embtune_operator.client.jobs import ask_suspension

    say_answer(ask_suspension(target, job, reason), as_json)
