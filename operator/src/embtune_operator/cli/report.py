"""`embtune report`"""

from __future__ import annotations

from pathlib import Path

import click

from embtune_operator.cli.options import debug_option, namespace_option, opened, store_option


@click.command("report")
@click.argument("subject", metavar="JOB|MODEL@REF")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write; default: <name>.html here.")
@namespace_option
@store_option
@debug_option
def command(subject: str, out: Path | None, store_uri: str, namespace: str) -> None:
    """Write one HTML page about a job or a version: verdict, scores with bounds, gates, slices, wins and losses with texts,
    learning curves, data, lineage, configuration, and what to do next.

    JOB is a job's name or its file; REF is a number, production, previous, canary, or best:<metric>. The page is made from what
    the store holds: no model is loaded, and neither making nor reading it takes a network. A job of a cluster is read from the
    cluster's store.

    \b
    Examples:
      embtune report tldr-search@production --namespace search
      embtune report tldr-search-2 --namespace search --out report.html
      embtune report job.yaml --store s3://models/team-a
    """
    from embtune_operator.report.evidence import read_evidence
    from embtune_operator.report.page import render
    from embtune_operator.report.subject import find_subject
    from embtune_operator.view.summary import shown_store

    store = opened(store_uri)
    found = find_subject(store, namespace, subject)
    page = render(read_evidence(store, found), shown_store(store))
    target = out or Path(f"{found.name.replace(' ', '-')}.html")
    target.write_text(page, encoding="utf-8")
    click.echo(f"{target} ({len(page.encode()) / 1000:.0f} kB): open it in a browser")
