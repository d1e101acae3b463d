"""What the bench found, as a table."""

from __future__ import annotations

from bench.record import Cells, Measured, Record

MOST_FALSE = 0.06
POWER, POWER_WITHIN = 0.80, 0.05
HEADER = ["truth", "groups", "passed", "rejected", "promise"]


class Result(Measured):
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

    def tables(self) -> dict[str, Cells]:
        held, promised = "kept together", f"{POWER:.0%} ± {POWER_WITHIN:.0%}"
        by, alone = f"better by {self.hinted:.4f}, as hinted", f"better by {self.hinted_from_base:.4f}, hinted by the base alone"
        rows = [
            ["no better", held, f"{self.false_passed:.1%}", f"{self.false_rejected:.1%}", f"passed ≤ {MOST_FALSE:.0%}"],
            ["no better", "ignored", f"{self.ungrouped_passed:.1%}", f"{self.ungrouped_rejected:.1%}", "worse"],
            [by, held, f"{self.power:.1%}", "", promised],
            [alone, held, f"{self.power_from_base:.1%}", "", ""],
        ]
        return {"": Cells(HEADER, rows)}

    def told(self) -> str:
        return (
            f"{self.trials:,} comparisons each, made of the scores of all-MiniLM-L6-v2 (ndcg@10 {self.base:.3f}) and a model "
            f"tuned from it ({self.tuned:.3f}) on {self.queries:,}\nqueries of {self.data}, in {self.groups:,} groups; what "
            f"both score on a query correlates by {self.alike:.2f}. {super().told()}"
        )


CALIBRATION = Record("gate", "calibration.md", Result)
