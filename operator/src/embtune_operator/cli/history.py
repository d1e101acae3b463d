"""`embtune history`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from embtune_api.keys import LineKeys
from embtune_operator.cli.options import opened, print_json, registry_options

if TYPE_CHECKING:
    from embtune_api.documents.release import Release


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
    from embtune_operator.registry.references import parse_model

    releases = read_history(opened(store_uri), LineKeys(namespace, parse_model(model)))
    if as_json:
        print_json([release.model_dump(mode="json") for release in releases])
        return
    if not releases:
        click.echo(f"nothing of {model} was ever in production in namespace {namespace} of {store_uri}", err=True)
        return
    from embtune_operator.view.console import print_table

    print_table(("seq", "when", "what", "from", "to", "reason"), map(_row, releases))


def _row(release: Release) -> tuple[str, ...]:
    change = release.transition
    before = f"v{change.from_version}" if change.from_version else "–"
    when = f"{change.at:%Y-%m-%d %H:%M:%S}"
    return str(release.seq), when, change.kind, before, f"v{change.to_version}", change.reason
