"""`embtune show`"""

from __future__ import annotations

import click

from embtune_api.keys import LineKeys
from embtune_operator.cli.options import opened, print_json, registry_options


@click.command("show")
@click.argument("reference", metavar="MODEL@REF")
@registry_options
def command(reference: str, store_uri: str, namespace: str, as_json: bool) -> None:
    """Show a version: stage, data, scores beside base and champion, gates.

    REF is a number, production, previous, canary, or best:<metric>.

    \b
    Examples:
      embtune show tldr-search@production --namespace search
      embtune show tldr-search@best:ndcg@10 --namespace search
    """
    from rich.markup import escape

    from embtune_operator.registry.references import find_version, parse_reference
    from embtune_operator.view.candidates import ranking_of
    from embtune_operator.view.console import result_console
    from embtune_operator.view.summary import data_lines, print_evaluation

    wanted = parse_reference(reference)
    store, line = opened(store_uri), LineKeys(namespace, wanted.model)
    version = find_version(store, line, wanted.ref)
    if as_json:
        documents = {"metadata": version.metadata, "evaluation": version.evaluation, "manifest": version.manifest}
        plain = {name: document.model_dump(mode="json", by_alias=True) for name, document in documents.items()}
        again = version.judged_again_at.isoformat() if version.judged_again_at else None
        about = {"version": version.number, "stage": version.stage, "digest": version.manifest.digest, "judged_again_at": again}
        print_json({**about, **plain})
        return
    console = result_console()
    lineage = version.metadata.lineage
    console.print(f"[bold]{line.model} v{version.number}[/]  {version.stage}  digest {version.manifest.digest}", soft_wrap=True)
    console.print(f"Job    {lineage.get('job')}, published {version.metadata.timestamp:%Y-%m-%d %H:%M %Z}")
    console.print(f"Base   {lineage.get('base', {}).get('uri')}", soft_wrap=True)
    if ranking := ranking_of(version.metadata):
        console.print(escape(f"Picked {ranking.line}"), soft_wrap=True)
    for text in data_lines(version):
        console.print(text, soft_wrap=True)
    if version.judged_again_at:
        console.print(f"Judged again {version.judged_again_at:%Y-%m-%d %H:%M %Z}, since production had changed")
    print_evaluation(console, version, line, store)
