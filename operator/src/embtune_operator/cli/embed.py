"""`embtune embed`"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import click

from embtune_api.errors import InvalidInput
from embtune_operator.cli.options import opened, print_json, registry_options


@click.command("embed")
@click.argument("model", metavar="MODEL@REF")
@click.argument("file", metavar="FILE")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The parquet file to write.")
@click.option(
    "--side",
    type=click.Choice(["query", "document"]),
    default="document",
    show_default=True,
    help="Which of the model's prompts stands before the texts.",
)
@click.option("--text", "column", metavar="COLUMN", help="Default: the only column, or one that is called as texts are.")
@registry_options
def command(
    model: str, file: str, out: Path, side: str, column: str | None, store_uri: str, namespace: str, as_json: bool
) -> None:
    """Write the vectors of a file's texts to a parquet file: row, text, vector. Interrupted, the same command goes on.

    The model is MODEL@REF, a folder, hf://org/name or s3://bucket/prefix. The file's metadata, under `embtune`, says by which
    digest of a model, on which side and of which bytes the vectors were made: vectors of two models must never be mixed.

    \b
    Examples:
      embtune embed tldr-search@production commands.jsonl --text command --out vectors.parquet --namespace search
      embtune embed tldr-search@2 questions.csv --side query --out questions.parquet
    """
    from embtune_api.model_use import Embedded, EmbedProgress, EmbedRequest, TextsOf
    from embtune_operator.advice.ask import ask
    from embtune_operator.models.named import is_outside, used

    if "://" not in file and not Path(file).is_file():
        raise InvalidInput(f"there is no file {file}. Give a file, or an address at s3:// or hf://.")
    if not out.absolute().parent.is_dir():
        raise InvalidInput(f"--out {out}: there is no folder {out.parent}. Make it, or name another place.")
    request = EmbedRequest(
        folder=str(Path.cwd()),
        model=used(None if is_outside(model) else opened(store_uri), namespace, model),
        texts=TextsOf(uri=file, column=column),
        side=cast("Literal['query', 'document']", side),
        out=str(out),
    )

    def show(line: bytes) -> None:
        progress = EmbedProgress.model_validate_json(line)
        click.echo(f"{progress.done:,} of {progress.total:,} texts", err=True)

    answer = Embedded.model_validate_json(ask("embed", request, show))
    if as_json:
        print_json(answer.model_dump(mode="json"))
        return
    again = f", {answer.kept:,} of them from before" if answer.kept else ""
    blank = f"; {answer.blank:,} rows without text are left out" if answer.blank else ""
    click.echo(f"{out}: {answer.rows:,} vectors of {answer.dimension} numbers{again}{blank}")
    click.echo(f"made by {request.model.name}, digest {answer.digest}, side {side}")
