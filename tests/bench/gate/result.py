"""What the bench found: kept as JSON, shown as a table, and told in the docs."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel
from rich.table import Table

RESULT = Path(__file__).with_name("result.json")
WORDS = Path(__file__).with_name("page.md")
"""The page without its table."""
PAGE = Path(__file__).parents[3] / "docs" / "calibration.md"

MOST_FALSE = 0.06
POWER, POWER_WITHIN = 0.80, 0.05


class Result(BaseModel):
    commit: str
    cpu: str
    torch: str
    data: str
    queries: int
    groups: int
    base: float
    """ndcg@10"""
    tuned: float
    trials: int
    false_passed: float
    """Share of the nulls that a gate at confidence 0.95 passed."""
    false_rejected: float
    ungrouped_passed: float
    """The same nulls, each query a group of its own."""
    ungrouped_rejected: float
    hinted: float
    """The smallest difference that this exam tells, from how much these two models differ."""
    power: float
    """Share passed of models that are better by that."""
    hinted_from_base: float
    """The same hint before there is a tuned model: what `embtune data` says."""
    power_from_base: float
    alike: float
    """Correlation of what both models score on a query; before there is a tuned model, 0.7 is assumed."""

    def broken(self) -> list[str]:
        """The promises that are."""
        promises = {
            f"false pass at most {MOST_FALSE:.0%}": self.false_passed <= MOST_FALSE,
            f"power {POWER:.0%} ± {POWER_WITHIN:.0%}": abs(self.power - POWER) <= POWER_WITHIN,
            "ignoring groups is worse": self.ungrouped_passed > self.false_passed,
        }
        return [promise for promise, kept in promises.items() if not kept]


HEADER = ["truth", "groups", "passed", "rejected", "promise"]


def rows_of(result: Result) -> list[list[str]]:
    held, promised = "kept together", f"{POWER:.0%} ± {POWER_WITHIN:.0%}"
    by, alone = f"better by {result.hinted:.4f}, as hinted", f"better by {result.hinted_from_base:.4f}, hinted by the base alone"
    return [
        ["no better", held, f"{result.false_passed:.1%}", f"{result.false_rejected:.1%}", f"passed ≤ {MOST_FALSE:.0%}"],
        ["no better", "ignored", f"{result.ungrouped_passed:.1%}", f"{result.ungrouped_rejected:.1%}", "worse"],
        [by, held, f"{result.power:.1%}", "", promised],
        [alone, held, f"{result.power_from_base:.1%}", "", ""],
    ]


def as_table(result: Result) -> Table:
    table = Table(title=f"{result.trials} comparisons on {result.data}: {result.queries} queries in {result.groups} groups")
    for column in HEADER:
        table.add_column(column)
    for row in rows_of(result):
        table.add_row(*row)
    return table


def as_page(result: Result) -> str:
    rows = ["| " + " | ".join(cells) + " |" for cells in (HEADER, ["---"] * len(HEADER), *rows_of(result))]
    measured = (
        f"{result.trials:,} comparisons each, made of the scores of all-MiniLM-L6-v2 (ndcg@10 {result.base:.3f}) and a model "
        f"tuned from it ({result.tuned:.3f}) on {result.queries:,}\nqueries of {result.data}, in {result.groups:,} groups; what "
        f"both score on a query correlates by {result.alike:.2f}. Measured at commit {result.commit} on {result.cpu}.\n"
    )
    return WORDS.read_text(encoding="utf-8").replace("TABLE\n", "\n".join(rows) + "\n\n" + measured)
