"""`embtune rollback`"""

from __future__ import annotations

from datetime import UTC, datetime

import click

from embtune_api.keys import LineKeys
from embtune_operator.cli.options import opened, print_json, reason_option, registry_options


@click.command("rollback")
@click.argument("model")
@reason_option
@registry_options
def command(model: str, reason: str, store_uri: str, namespace: str, as_json: bool) -> None:
    """Put the version back into production that was there before. The one that goes is not promoted again by itself.

    \b
    Example:
      embtune rollback tldr-search --reason 'complaints about short queries' --namespace search
    """
    from embtune_operator.registry.references import parse_model
    from embtune_operator.registry.release import rollback

    line = LineKeys(namespace, parse_model(model))
    release = rollback(opened(store_uri), line, reason, datetime.now(UTC))
    if as_json:
        print_json(release.model_dump(mode="json"))
        return
    assert release.production
    click.echo(f"{model} v{release.production.version} is in production again, v{release.transition.from_version} is rolled back")
