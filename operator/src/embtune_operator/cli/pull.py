"""`embtune pull`"""

from __future__ import annotations

from pathlib import Path

import click

from embtune_api.keys import LineKeys
from embtune_operator.cli.options import opened, print_json, registry_options


@click.command("pull")
@click.argument("reference", metavar="MODEL@REF")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@registry_options
def command(reference: str, folder: Path, store_uri: str, namespace: str, as_json: bool) -> None:
    """Download a version's model to DIR, verified. It is a sentence-transformers folder.

    A new DIR appears whole or not at all; an empty one is filled when everything is there.

    \b
    Example:
      embtune pull tldr-search@production ./model --namespace search
      python -c "from sentence_transformers import SentenceTransformer as S; print(S('./model').encode('list files').shape)"
    """
    from embtune_operator.registry.pull import pull
    from embtune_operator.registry.references import find_version, parse_reference

    wanted = parse_reference(reference)
    store, line = opened(store_uri), LineKeys(namespace, wanted.model)
    version = find_version(store, line, wanted.ref)
    copied = pull(store, line, version, folder)
    if as_json:
        print_json({"model": line.model, "version": version.number, "digest": version.manifest.digest, "folder": str(folder)})
        return
    size = sum(file.size for file in version.manifest.folder_files)
    where = f"is at {folder}" if copied else f"was at {folder} already"
    click.echo(f"{line.model} v{version.number} {where} ({size / 1e6:.1f} MB, verified)")
