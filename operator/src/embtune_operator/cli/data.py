"""`embtune data`"""

from __future__ import annotations

from pathlib import Path

import click

from embtune_api.errors import InvalidInput
from embtune_operator.cli.options import debug_option, print_json

JOB_ENDINGS = (".yaml", ".yml")
columns_option = click.option(
    "--columns", metavar="ROLE=COLUMN,…", help="What the columns are, such as anchor=question,positive=answer. Default: guessed."
)


@click.command("data")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE…|JOB.yaml"
)
@columns_option
@click.option("--json", "as_json", is_flag=True, help="Print the data report and the advice alone on stdout.")
@debug_option
def command(files: tuple[Path, ...], columns: str | None, as_json: bool) -> None:
    """Say what is in data before a model is trained on it: rows, faults with examples, split, exam, lengths, labels.

    Files are read as .jsonl, .csv, .tsv (also .gz, .zst) or .parquet. For a job, its own columns and split are taken; for
    files, columns are guessed, and you read which. Nothing is written, and no model is asked.

    \b
    Examples:
      embtune data tickets.csv
      embtune data faq.jsonl --columns anchor=question,positive=answer
      embtune data job.yaml --json
    """
    from embtune_operator.advice.data import look_at_files, look_at_job

    if any(file.suffix in JOB_ENDINGS for file in files):
        if len(files) > 1 or columns:
            raise InvalidInput(
                f"{files[0]}: a job is looked at alone, with the columns that it maps. Give the job, or the files."
            )
        from embtune_operator.jobfile import load_job

        looked = look_at_job(load_job(files[0]).spec.data, files[0].resolve().parent)
    else:
        looked = look_at_files(list(files), columns, Path.cwd())
    if as_json:
        print_json({"report": looked.report.model_dump(mode="json"), "advice": looked.advice.model_dump(mode="json")})
        return
    from embtune_operator.view.data_report import print_data

    print_data(looked)
