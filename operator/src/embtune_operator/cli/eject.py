"""`embtune eject`"""

from __future__ import annotations

from pathlib import Path

import click

from embtune_operator.cli.options import debug_option, namespace_option, opened, store_option


@click.command("eject")
@click.argument("subject", metavar="JOB|MODEL@REF")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="The folder to make.")
@namespace_option
@store_option
@debug_option
def command(subject: str, out: Path, store_uri: str, namespace: str) -> None:
    """Write a version as a plain sentence-transformers script, with its rows and its exam: it runs without embtune.

    The script reads as the tutorial does: model, data, loss, evaluator, arguments, train. It has every value of the recipe
    spelled out, and says what it cannot repeat exactly.

    \b
    Examples:
      embtune eject tldr-search@production --namespace search --out plain
      embtune eject job.yaml --out plain
      cd plain && python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py
    """
    from embtune_operator.eject.folder import eject
    from embtune_operator.report.evidence import read_evidence
    from embtune_operator.report.subject import find_subject

    store = opened(store_uri)
    found = find_subject(store, namespace, subject)
    unsaid = eject(store, read_evidence(store, found), out)
    click.echo(f"Wrote {out}: train.py for {found.name}, its rows and its exam. Next: see the first lines of {out}/train.py")
    if unsaid:
        click.echo(f"Not in the script: {', '.join(unsaid)}.", err=True)
