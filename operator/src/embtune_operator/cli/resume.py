"""`embtune resume`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from embtune_operator.cli.options import cluster_options, debug_option, json_option, reason_option, say_answer

if TYPE_CHECKING:
    from embtune_operator.client.session import Target


@click.command("resume")
@click.argument("job")
@reason_option
@cluster_options
@json_option
@debug_option
def command(job: str, reason: str, target: Target, as_json: bool) -> None:
    """Have a suspended JOB of a cluster go on from its newest checkpoint.

    \b
    Example:
      embtune resume tldr-search-1 --namespace search
    """
    from embtune_operator.client.jobs import ask_resumption

    say_answer(ask_resumption(target, job, reason), as_json)
