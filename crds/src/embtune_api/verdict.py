"""What the gates said."""

from typing import Annotated, Literal

from pydantic import Field

from embtune_api.base import Resource
from embtune_api.texts import Line, Message

Outcome = Literal["Passed", "Rejected", "Inconclusive"]
MIN_QUERIES = 50
MIN_GROUPS = 20
"""An exam with fewer of either settles nothing: every gate is Inconclusive, whatever the numbers are."""


class GateResult(Resource):
    """One gate, judged on bounds."""

    metric: Annotated[str, Field(max_length=256)]
    """`test/ndcg@10`; of a slice `test[lang=de]/ndcg@10`: of all the worst, or `test[lang=*]/ndcg@10` if none is judged."""
    outcome: Outcome
    line: Line
    """For people: `ndcg@10 0.612: +0.029 over production v3, 95 % bound +0.011 ≥ 0.010 ✓`."""
    value: float | None = None
    """What was judged: the candidate's score, or its difference."""
    lower: float | None = None
    """One-sided lower bound at the gate's confidence."""
    upper: float | None = None
    """One-sided upper bound at the gate's confidence."""
    threshold: float
    detects: float | None = None
    """The smallest difference that the exam tells with probability 0.8, at the gate's confidence."""
    dry_run: bool = False
    """It decides nothing."""


class Verdict(Resource):
    """Passed when every gate passed; Rejected when one was; else Inconclusive, and the champion stays. A gate that is dryRun does
    not count."""

    outcome: Outcome
    reason: Message
    """One sentence."""
    gates: Annotated[list[GateResult], Field(max_length=32)] = []
    hints: Annotated[list[Line], Field(max_length=4)] = []
    """What this exam can tell at all, and how often it has been asked."""
