"""`embtune review`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from embtune_api.errors import InvalidInput
from embtune_operator.cli.options import debug_option

if TYPE_CHECKING:
    from embtune_operator.labelling.review import Review

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("review")
@click.argument("pairs", type=_FILE, metavar="PAIRS")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Default: sheet.csv or accepted.jsonl. Never overwritten.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="A sheet of so many pairs, by chance.")
@click.option("--read", "sheet", type=_FILE, metavar="SHEET", help="Read a sheet back, and write the pairs that are left.")
@click.option(
    "--unreviewed",
    type=click.Choice(["leave", "keep"]),
    default="leave",
    show_default=True,
    help="With --read: leave out what nobody looked at, or keep it.",
)
@debug_option
def command(pairs: Path, out: Path | None, sample: int | None, sheet: Path | None, unreviewed: str) -> None:
    """Write a sheet of pairs for people to accept or reject, the most doubtful first, and read it back.

    The sheet is a csv that any spreadsheet opens. In its column accept write yes, x or 1, or no or 0; nothing means that you
    have not looked. Queries and passages may be edited; leave the column row as it is. Save it as CSV UTF-8.

    \b
    Examples:
      embtune review pairs.jsonl --sample 200 -o sheet.csv
      embtune review --read sheet.csv pairs.jsonl -o accepted.jsonl
    """
    from embtune_operator.labelling.pairs import read_pairs, write_new, write_pairs
    from embtune_operator.labelling.review import review
    from embtune_operator.labelling.sheet import read_sheet, sheet_of

    if sheet is None:
        out = out or Path("sheet.csv")
        rows = read_pairs(pairs)
        write_new(out, sheet_of(rows.values(), sample))
        click.echo(f"Wrote {min(len(rows), sample or len(rows))} of {len(rows)} pairs to {out}: the most doubtful first.")
        click.echo(f"Write yes or no into its column accept. Next: embtune review --read {out} {pairs} -o accepted.jsonl")
        return
    if sample is not None:
        raise InvalidInput("--sample: a sheet that is read back is read whole. Remove it, or --read.")
    out = out or Path("accepted.jsonl")
    said = review(sheet, read_pairs(pairs), read_sheet(sheet), keep_open=unreviewed == "keep")
    if not said.looked_at:
        raise InvalidInput(f"{sheet}: nobody has written yes or no into the column accept. Do that, then read it back.")
    write_pairs(out, said.rows)
    _tell(said, out, kept=unreviewed == "keep")


def _tell(said: Review, out: Path, *, kept: bool) -> None:
    low, high = said.interval
    edited = f" ({said.edited} of them edited)" if said.edited else ""
    click.echo(f"{said.accepted} accepted{edited}, {said.rejected} rejected, {said.open} not looked at")
    click.echo(f"{said.accepted / said.looked_at:.1%} accepted; 95 % interval {low:.1%} – {high:.1%} of pairs chosen by chance")
    if said.passed_over:
        click.echo(
            f"{said.passed_over} pairs of the sheet were passed over: those at its top are the doubtful ones, not any ones."
        )
    click.echo(f"Wrote {len(said.rows)} pairs to {out}{', those that nobody looked at too' if kept and said.open else ''}.")
    click.echo(f"Next: embtune init {out}")
