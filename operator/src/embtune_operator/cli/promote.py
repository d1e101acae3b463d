"""`embtune promote`"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from embtune_api.errors import InvalidInput
from embtune_api.keys import LineKeys
from embtune_operator.cli.options import opened, print_json, reason_option, registry_or_cluster_options, say_answer

if TYPE_CHECKING:
    from embtune_operator.client.session import Target


@click.command("promote")
@click.argument("reference", metavar="MODEL@N")
@reason_option
@click.option("--force", is_flag=True, help="Also a version that was rejected or rolled back; needs --reason.")
@registry_or_cluster_options
def command(reference: str, reason: str, force: bool, store_uri: str, namespace: str, as_json: bool, target: Target) -> None:
    """Put a version into production, after every byte of it was verified.

    \b
    Examples:
      embtune promote tldr-search@3 --reason 'checked by hand' --namespace search
      embtune promote tldr-search@2 --force --reason 'v3 is slow' --namespace search
      embtune promote tldr-search@3 --context my-cluster --namespace search
    """
    from embtune_operator.registry.references import find_version, parse_reference
    from embtune_operator.registry.release import promote

    wanted = parse_reference(reference)
    if "@" not in reference:
        raise InvalidInput(f"say which version of {wanted.model} to promote: embtune promote {wanted.model}@N")
    if target.given:
        from embtune_operator.client.versions import ask_promotion

        say_answer(ask_promotion(target, wanted, reason, force=force), as_json)
        return
    store, line = opened(store_uri), LineKeys(namespace, wanted.model)
    number = int(wanted.ref) if wanted.ref.isdecimal() else find_version(store, line, wanted.ref).number
    release = promote(store, line, number, reason, datetime.now(UTC), force=force)
    if as_json:
        print_json(release.model_dump(mode="json"))
        return
    before = f", before it v{release.previous.version}" if release.previous else ""
    click.echo(f"{line.model} v{number} is in production{before}")
