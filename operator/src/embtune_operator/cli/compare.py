"""`embtune compare`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from embtune_api.errors import InvalidInput
from embtune_api.keys import LineKeys
from embtune_operator.cli.options import opened, print_json, registry_options

if TYPE_CHECKING:
    from embtune_operator.registry.comparison import ComparedMetric


@click.command("compare")
@click.argument("first", metavar="MODEL@A")
@click.argument("second", metavar="MODEL@B")
@registry_options
def command(first: str, second: str, store_uri: str, namespace: str, as_json: bool) -> None:
    """Compare two versions of a model on the exam they share, from kept per-query scores; no model is loaded.

    \b
    Example:
      embtune compare tldr-search@1 tldr-search@production --namespace search
    """
    from embtune_operator.registry.comparison import compare
    from embtune_operator.registry.references import find_version, parse_reference

    one, other = parse_reference(first), parse_reference(second)
    if one.model != other.model:
        raise InvalidInput(f"{one.model} and {other.model} have different exams: compare two versions of one model")
    store, line = opened(store_uri), LineKeys(namespace, one.model)
    before, after = find_version(store, line, one.ref), find_version(store, line, other.ref)
    comparison = compare(store, line, before, after)
    if as_json:
        from dataclasses import asdict

        print_json({"first": before.number, "second": after.number, **asdict(comparison)})
        return
    from embtune_operator.view.console import print_table, result_console

    columns = ("metric", f"v{before.number}", f"v{after.number}", "difference", f"{comparison.confidence:.0%} bounds")
    print_table(columns, map(_row, comparison.metrics))
    result_console().print(f"[dim]{comparison.queries:,} exam queries, paired; one-sided bounds, bootstrap over groups[/]")


def _row(row: ComparedMetric) -> tuple[str, ...]:
    bounds = f"{row.difference.lower:+.3f} … {row.difference.upper:+.3f}"
    return row.metric, f"{row.first:.3f}", f"{row.second:.3f}", f"{row.difference.value:+.3f}", bounds
