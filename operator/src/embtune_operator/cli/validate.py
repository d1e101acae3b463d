"""`embtune validate`"""

from __future__ import annotations

from pathlib import Path

import click

from embtune_api.errors import Exit, InvalidInput
from embtune_operator.cli.options import debug_option
from embtune_operator.jobfile import load_jobs


@click.command("validate")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@debug_option
def command(files: tuple[Path, ...]) -> int:
    """Check job files, offline, without reading any data.

    \b
    Example:
      embtune validate job.yaml
      examples/tldr/job.yaml:12: spec.training.epochs: 0 is below the minimum 1
    """
    code = Exit.OK
    for file in files:
        try:
            jobs = load_jobs(file)
        except InvalidInput as error:
            click.echo(str(error), err=True)  # bare, so that editors find file:line
            code = Exit.INVALID
        else:
            click.echo(f"{file}: {', '.join(job.metadata.name for job in jobs)} ✓")
    return int(code)
