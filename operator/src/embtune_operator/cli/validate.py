"""`embtune validate`"""

from __future__ import annotations

from pathlib import Path

import click

from embtune_api.errors import Exit, InvalidInput
from embtune_operator.cli.options import debug_option
from embtune_operator.jobfile import load_resources


@click.command("validate")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--cluster", is_flag=True, help="Say what the API server would say: paths of this machine are refused, too.")
@debug_option
def command(files: tuple[Path, ...], cluster: bool) -> int:
    """Check files of FineTuneJobs, ModelVersions and EmbeddingModels, offline, without reading any data.

    \b
    Example:
      embtune validate job.yaml
      examples/tldr/job.yaml:12: spec.training.epochs: 0 is below the minimum 1
    """
    code = Exit.OK
    for file in files:
        try:
            resources = load_resources(file, cluster=cluster)
        except InvalidInput as error:
            click.echo(str(error), err=True)  # bare, so that editors find file:line
            code = Exit.INVALID
        else:
            click.echo(f"{file}: {', '.join(resource.metadata.name for resource in resources)} ✓")
    return int(code)
