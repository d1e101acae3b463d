"""`embtune rollback`"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from embtune_api.keys import LineKeys
from embtune_operator.cli.options import opened, print_json, reason_option, registry_or_cluster_options, say_answer

if TYPE_CHECKING:
    from embtune_operator.client.session import Target


@click.command("rollback")
@click.argument("model")
@reason_option
@registry_or_cluster_options
def command(model: str, reason: str, store_uri: str, namespace: str, as_json: bool, target: Target) -> None:
    """Put the version back into production that was there before. The one that goes is not promoted again by itself.

    \b
    Example:
      embtune rollback tldr-search --reason 'complaints about short queries' --namespace search
    """
    from embtune_operator.registry.references import parse_model
    from embtune_operator.registry.release import rollback

    if target.given:
        from embtune_operator.client.versions import ask_rollback

        say_answer(ask_rollback(target, parse_model(model), reason), as_json)
        return
    line = LineKeys(namespace, parse_model(model))
    release = rollback(opened(store_uri), line, reason, datetime.now(UTC))
    if as_json:
        print_json(release.model_dump(mode="json"))
        return
    assert release.production
    click.echo(f"{model} v{release.production.version} is in production again, v{release.transition.from_version} is rolled back")
