"""`embtune try`"""

from __future__ import annotations

from pathlib import Path

import click

from embtune_api.errors import InvalidInput
from embtune_operator.cli.options import opened, print_json, registry_options


@click.command("try")
@click.argument("models", nargs=-1, required=True, metavar="A [B…]")
@click.argument("query", metavar="QUERY")
@click.option(
    "--corpus", metavar="FILE", help="Search the texts of this file. Default: the corpus of the exam of a version's line."
)
@click.option(
    "--text", "column", metavar="COLUMN", help="Of --corpus; default: the only column, or one that is called as texts are."
)
@click.option("--top", type=click.IntRange(1, 100), default=10, show_default=True, help="Results of each model.")
@registry_options
def command(
    models: tuple[str, ...],
    query: str,
    corpus: str | None,
    column: str | None,
    top: int,
    store_uri: str,
    namespace: str,
    as_json: bool,
) -> None:
    """Ask models one query and see what each finds, best first, with the ranks that changed against the first model.

    A model is MODEL@REF, a folder, hf://org/name or s3://bucket/prefix.

    \b
    Examples:
      embtune try tldr-search@1 tldr-search@2 "unpack an archive" --namespace search
      embtune try tldr-search@production hf://sentence-transformers/all-MiniLM-L6-v2 "unpack" --corpus commands.csv --text command
    """
    from embtune_api.model_use import TextsOf, Tried, TryRequest
    from embtune_operator.advice.ask import ask
    from embtune_operator.models.named import exam_of, is_outside, used, version_of

    versions = [text for text in models if not is_outside(text)]
    if not query.strip():
        raise InvalidInput("the query is blank: write what somebody would ask.")
    if corpus is None and not versions:
        raise InvalidInput(
            "nothing says what to search: name a file of texts with --corpus, or a version, whose exam has a corpus."
        )
    if corpus and "://" not in corpus and not Path(corpus).is_file():
        raise InvalidInput(f"--corpus: there is no file {corpus}. Give a file, or an address at s3:// or hf://.")
    store = opened(store_uri) if versions else None
    request = TryRequest(
        folder=str(Path.cwd()),
        models=[used(store, namespace, text) for text in models],
        query=query,
        exam=exam_of(store, *version_of(store, namespace, versions[0])) if store and corpus is None else None,
        corpus=TextsOf(uri=corpus, column=column) if corpus else None,
        top=top,
    )
    tried = Tried.model_validate_json(ask("try", request))
    if as_json:
        print_json({"query": query, "models": list(models), **tried.model_dump(mode="json")})
        return
    from embtune_operator.view.comparison import print_tried

    print_tried(tried, [model.name for model in request.models], query)
