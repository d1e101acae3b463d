"""`embtune verify`"""

from __future__ import annotations

import click

from embtune_api.keys import LineKeys
from embtune_operator.cli.options import opened, print_json, registry_options


@click.command("verify")
@click.argument("reference", metavar="MODEL@REF")
@registry_options
def command(reference: str, store_uri: str, namespace: str, as_json: bool) -> None:
    """Read every byte of a version and compare it with the digests it was published with.

    \b
    Example:
      embtune verify tldr-search@production --namespace search
    """
    from embtune_operator.registry.references import find_version, parse_reference
    from embtune_operator.registry.versions import verify_version

    wanted = parse_reference(reference)
    store, line = opened(store_uri), LineKeys(namespace, wanted.model)
    version = find_version(store, line, wanted.ref)
    verify_version(store, line, version.number, version.manifest)
    if as_json:
        print_json({"model": line.model, "version": version.number, "digest": version.manifest.digest, "verified": True})
        return
    click.echo(f"{line.model} v{version.number}: {len(version.manifest.files)} files are as they were published ✓")
