"""`embtune doctor`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from embtune_api.errors import Exit
from embtune_operator.cli.options import cluster_options, debug_option, json_option, print_json

if TYPE_CHECKING:
    from embtune_operator.client.doctor.finding import Finding
    from embtune_operator.client.session import Target

_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "error": "[red]✗[/]"}


@click.command("doctor")
@cluster_options
@json_option
@debug_option
def command(target: Target, as_json: bool) -> int:
    """Look whether a cluster is ready for jobs: CRDs, operator, RBAC, store, training operator, GPU nodes, namespace.

    Changes nothing. Exit code 1 when something is wrong, and each finding says what to do.

    \b
    Example:
      embtune doctor --context my-cluster --namespace search
    """
    from embtune_operator.client.doctor.examine import examine
    from embtune_operator.client.session import talk

    findings = talk(target, examine)
    if as_json:
        print_json([{"level": f.level, "about": f.about, "what": f.what, "remedy": f.remedy} for f in findings])
    else:
        _print(findings)
    return int(Exit.FAILED if any(finding.level == "error" for finding in findings) else Exit.OK)


def _print(findings: list[Finding]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from embtune_operator.view.console import result_console

    table = Table.grid(padding=(0, 2))
    for finding in findings:
        remedy = f"\n[dim]→ {escape(finding.remedy)}[/]" if finding.remedy else ""
        table.add_row(_MARKS[finding.level], finding.about, f"{escape(finding.what)}{remedy}")
    result_console().print(table)
