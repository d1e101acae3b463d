"""`embtune init`"""

from __future__ import annotations

from pathlib import Path

import click

from embtune_api.errors import InvalidInput
from embtune_operator.cli.data import columns_option
from embtune_operator.cli.options import debug_option

DEFAULT_BASE = "hf://sentence-transformers/all-MiniLM-L6-v2"


@click.command("init")
@click.argument("data", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="DATA")
@click.option("--out", type=click.Path(path_type=Path), default=Path("job.yaml"), show_default=True, help="Never overwritten.")
@click.option("--base", default=DEFAULT_BASE, show_default=True, metavar="URI", help="hf://org/name, s3://…, or a folder.")
@columns_option
@click.option(
    "--beside",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Translations of DATA, which is lines of text: line by line both become a file of rows beside the job.",
)
@click.option(
    "--guard",
    "guards",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="What the model must not forget: a test set of something else. May be given several times.",
)
@click.option("--measure/--no-measure", default=True, show_default=True, help="Ask the base what the validation rows ask.")
@debug_option
def command(
    data: Path, out: Path, base: str, columns: str | None, beside: Path | None, guards: tuple[Path, ...], measure: bool
) -> None:
    """Look at a file of data and write a FineTuneJob for it, which `embtune run` takes as it is.

    The file says beside each value why it was chosen: change what you know better. The base is measured on the validation
    rows, so that you read what there is to win.

    \b
    Examples:
      embtune init tickets.csv
      embtune init faq.jsonl --out faq.yaml --columns anchor=question,positive=answer
      embtune init corpus.de --beside corpus.en
      embtune init tickets.csv --guard stsb.csv
    """
    from embtune_operator.advice.parallel import side_by_side

    folder = out.parent
    if out.exists():
        raise InvalidInput(f"{out} is there already, and nothing is overwritten: name another file with --out.")
    if not folder.is_dir():
        raise InvalidInput(f"--out {out}: there is no folder {folder.resolve()}. Make it first.")
    if beside is None:
        _write_job(data, out, columns, base, guards, measure=measure)
        return
    with side_by_side(data, beside, folder) as rows:
        click.echo(f"Wrote {rows.file}: {data} and {beside}, line by line.")
        _write_job(rows.file, out, columns or rows.columns, base, guards, measure=measure)


def _write_job(data: Path, out: Path, columns: str | None, base: str, guards: tuple[Path, ...], *, measure: bool) -> None:
    from embtune_operator.advice.data import Ask, look_at_files
    from embtune_operator.advice.guards import plan_guards
    from embtune_operator.advice.job import job_yaml, model_name

    folder = out.resolve().parent
    planned = plan_guards(list(guards), folder)
    looked = look_at_files([data], columns, folder, Ask(base if measure else None))
    assert looked.plan
    text = job_yaml(model_name(data), base, looked.plan, looked.recipe, looked.report.prepared.train, planned)
    with out.open("x", encoding="utf-8") as file:
        file.write(text)
    click.echo(f"{data} is read as {looked.guesses[0].columns.shape}: {looked.guesses[0]}")
    for guard in planned:
        click.echo(f"{guard.suite.sources[0].uri} guards against forgetting: {guard.metric} ({guard.suite.kind})")
    if looked.not_measured:
        click.echo(f"The base was not measured: {looked.not_measured}")
    click.echo(f"Advice: {looked.advice}")
    click.echo(f"Wrote {out}. Next: embtune run {out}")
