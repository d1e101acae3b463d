"""`embtune data`"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from embtune_api.errors import InvalidInput
from embtune_operator.cli.options import debug_option, print_json

if TYPE_CHECKING:
    from embtune_operator.advice.data import Looked
    from embtune_operator.advice.value import Business

JOB_ENDINGS = (".yaml", ".yml")
columns_option = click.option(
    "--columns", metavar="ROLE=COLUMN,…", help="What the columns are, such as anchor=question,positive=answer. Default: guessed."
)


@click.command("data")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE…|JOB.yaml"
)
@columns_option
@click.option(
    "--base-model", metavar="URI", help="Measure this model on the validation rows: hf://org/name, s3://…, or a folder."
)
@click.option(
    "--queries-per-day", type=click.FloatRange(min=0), help="With --base-model and the next two: what a better model is worth."
)
@click.option("--cost-of-a-miss", type=click.FloatRange(min=0), help="Of a query whose first result is wrong, in any currency.")
@click.option("--gpu-hour", type=click.FloatRange(min=0), help="Price of an hour of training, in that currency.")
@click.option(
    "--learning-curve",
    is_flag=True,
    help="With --base-model: train on 1/8, 1/4, 1/2 and all of the rows; forecast what twice brings.",
)
@click.option(
    "--seeds", type=click.IntRange(1, 16), default=2, show_default=True, help="Of the learning curve: more tell chance better."
)
@click.option("--json", "as_json", is_flag=True, help="Print the data report and the advice alone on stdout.")
@debug_option
def command(
    files: tuple[Path, ...],
    columns: str | None,
    base_model: str | None,
    queries_per_day: float | None,
    cost_of_a_miss: float | None,
    gpu_hour: float | None,
    learning_curve: bool,
    seeds: int,
    as_json: bool,
) -> None:
    """Say what is in data before a model is trained on it: rows, faults with examples, split, exam, lengths, labels.

    Files are read as .jsonl, .csv, .tsv (also .gz, .zst) or .parquet. For a job, its own columns and split are taken; for
    files, columns are guessed, and you read which. Nothing is written. With --base-model, that model is asked what the
    validation rows ask, and the advice is by what it scores; the exam stays unseen. A learning curve trains as a job would,
    about four times as long as one; after Ctrl-C the same command goes on.

    \b
    Examples:
      embtune data tickets.csv
      embtune data faq.jsonl --columns anchor=question,positive=answer
      embtune data job.yaml --json
      embtune data faq.jsonl --base-model hf://sentence-transformers/all-MiniLM-L6-v2
      embtune data faq.jsonl --base-model ./model --queries-per-day 20000 --cost-of-a-miss 0.05 --gpu-hour 2.5
    """
    from embtune_operator.advice.data import Ask, look_at_files, look_at_job

    if learning_curve and base_model is None:
        raise InvalidInput("--learning-curve needs a model to start from: give it as --base-model.")
    business = _business(base_model, queries_per_day, cost_of_a_miss, gpu_hour)
    ask = Ask(base_model, business, seeds if learning_curve else 0, tell=partial(click.echo, err=True))
    if any(file.suffix in JOB_ENDINGS for file in files):
        if len(files) > 1 or columns:
            raise InvalidInput(
                f"{files[0]}: a job is looked at alone, with the columns that it maps. Give the job, or the files."
            )
        from embtune_operator.jobfile import load_job

        spec = load_job(files[0]).spec
        looked = look_at_job(spec.data, files[0].resolve().parent, replace(ask, training=spec.training))
    else:
        looked = look_at_files(list(files), columns, Path.cwd(), ask)
    if looked.not_measured:
        raise InvalidInput(looked.not_measured)
    if as_json:
        print_json(_as_json(looked))
        return
    from embtune_operator.view.data_report import print_data

    print_data(looked)


def _business(base: str | None, queries: float | None, miss: float | None, hour: float | None) -> Business | None:
    given = [number for number in (queries, miss, hour) if number is not None]
    if not given:
        return None
    if queries is None or miss is None or hour is None or base is None:
        raise InvalidInput(
            "What a better model is worth takes all of --base-model, --queries-per-day, --cost-of-a-miss and --gpu-hour. Give "
            "the others, too."
        )
    from embtune_operator.advice.value import Business

    return Business(queries, miss, hour)


def _as_json(looked: Looked) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "report": looked.report.model_dump(mode="json"),
        "base": asdict(looked.measured) if looked.measured else None,
        "curve": asdict(looked.curve) if looked.curve else None,
        "value": asdict(looked.value) if looked.value else None,
        "advice": looked.advice.model_dump(mode="json"),
    }
