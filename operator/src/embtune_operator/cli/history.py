"""`embtune history`"""

from __future__ import annotations

import click

from embtune_api.keys import LineKeys
from embtune_operator.cli.options import opened, print_json, registry_options


@click.command("history")
@click.argument("model")
@registry_options
def command(model: str, store_uri: str, namespace: str, as_json: bool) -> None:
    """List what was in production, oldest first: when, why, and who asked for it.

    \b
    Example:
      embtune history tldr-search --namespace search
    """
    from embtune_operator.registry.history import read_history

    releases = read_history(opened(store_uri), LineKeys(namespace, model))
    if as_json:
        print_json([release.model_dump(mode="json") for release in releases])
        return
    if not releases:
        click.echo(f"nothing of {model} was ever in production in namespace {namespace} of {store_uri}", err=True)
        return
    from rich.markup import escape
    from rich.table import Table

    from embtune_operator.view.summary import result_console

    table = Table("seq", "when", "what", "from", "to", "reason", box=None, padding=(0, 2))
    for release in releases:
        change = release.transition
        before = f"v{change.from_version}" if change.from_version else "–"
        when = f"{change.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(release.seq), when, change.kind, before, f"v{change.to_version}", escape(change.reason))
    result_console().print(table)
