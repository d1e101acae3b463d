"""Gates on what a model costs: times with bounds, taken round by round on one machine; sizes, which are exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.cost import COST, TIMED, UNITS, amount, cost_name
from embtune_api.documents.evaluate import Interval
from embtune_api.verdict import GateResult
from embtune_operator.judge.bootstrap import DRAWS, SEED, Bounds, bounds_of
from embtune_operator.judge.gate import mark, outcome_of, sides_of, threshold, told_apart
from embtune_operator.judge.measure import CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from embtune_api.documents.cost import CostTable
    from embtune_api.documents.evaluate import RoleBounds
    from embtune_api.promotion import Gate
    from embtune_api.status import Role
    from embtune_api.verdict import Outcome


@dataclass(frozen=True)
class CostExhibits:
    """What the compared models cost."""

    table: CostTable
    champion_version: int | None = None
    """None while nothing is in production."""

    def rounds(self, metric: str, role: Role) -> NDArray[np.float64] | None:
        """(rounds,), of what is exact a single one; None: it was not measured."""
        import numpy as np

        name, cost = cost_name(metric), self.table.roles.get(role)
        if cost is None or name not in cost.values:
            return None
        return np.array(cost.of_rounds(name) if name in TIMED else [cost.values[name]])

    def bounds(self) -> RoleBounds:
        """Of the times, to be shown; what is exact needs none."""
        found: RoleBounds = {}
        for role in self.table.roles:
            for name in TIMED:
                values = self.rounds(f"{COST}/{name}", role)
                if values is not None:
                    of_times = _bounds(values, CONFIDENCE)
                    found.setdefault(role, {})[f"{COST}/{name}"] = Interval(lower=of_times.lower, upper=of_times.upper)
        return found


def judge_cost(gate: Gate, exhibits: CostExhibits | None) -> GateResult:
    """What one gate on a cost says.

    - it was not measured: Inconclusive
    - `min`, `max`: on the median over rounds, with bounds from a bootstrap over rounds; of what is exact, on the number itself
    - `minDelta`: on the share by which the candidate is better, which is paired round by round; -0.1 is a tenth slower, or larger
    - `against: Production` while nothing is in production: the base stands in
    """
    candidate = exhibits.rounds(gate.metric, "candidate") if exhibits else None
    role, rival = _rival(gate, exhibits.champion_version if exhibits else None)
    reference = exhibits.rounds(gate.metric, role) if exhibits and role else None
    if candidate is None or (role and reference is None):
        return _result(gate, "Inconclusive", f"{gate.metric}: not judged, it was not measured", None)
    score = _bounds(candidate, gate.confidence)
    judged = score if reference is None else _bounds(_better_by(gate.metric, candidate, reference), gate.confidence)
    outcome = outcome_of(gate, judged)
    compared = _compared(gate.metric, judged.value, rival) if rival else ""
    line = f"{gate.metric} {amount(gate.metric, score.value)}{compared}, {_rule(gate, outcome, judged)}"
    return _result(gate, outcome, line, judged)


def _rival(gate: Gate, champion_version: int | None) -> tuple[Role | None, str]:
    if gate.against is None:
        return None, ""
    if gate.against == "Base":
        return "base", "base"
    if champion_version is None:
        return "base", "base (nothing is in production)"
    return "champion", f"production v{champion_version}"


def _better_by(metric: str, candidate: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rounds,): by which share of the reference the candidate is better, round by round."""
    more = candidate / reference - 1
    return -more if UNITS[cost_name(metric)].less_is_better else more


def _bounds(rounds: NDArray[np.float64], confidence: float) -> Bounds:
    """Of their median. The draws depend on their number alone, so that models on the same rounds are paired."""
    import numpy as np

    value = float(np.median(rounds))
    if len(rounds) == 1:
        return Bounds(value, value, value)
    picks = np.random.default_rng(SEED).integers(0, len(rounds), size=(DRAWS, len(rounds)))
    return bounds_of(np.median(rounds[picks], axis=1), value, confidence, len(rounds))


def _compared(metric: str, better_by: float, rival: str) -> str:
    """`: 8.1 % slower than production v3`"""
    unit = UNITS[cost_name(metric)]
    share = f"{abs(better_by):.1%}".replace("%", " %")
    return f": {share} {unit.better if better_by >= 0 else unit.worse} than {rival}"


def _rule(gate: Gate, outcome: Outcome, judged: Bounds) -> str:
    """`95 % bound 13.1 ≤ 15.0 ms`, or `95 % bound -9.9 ≥ -10.0 %`; of what is exact, `90.9 ≤ 100.0 MB`."""
    strict, lenient, name, meets, misses = sides_of(gate, judged)
    scale, unit, sign = (100, " %", "+") if gate.against else (1, UNITS[cost_name(gate.metric)].unit, "")
    decides = lenient if outcome == "Rejected" else strict
    bound, wanted = told_apart(scale * decides, scale * threshold(gate), sign, least=0 if unit == "" else 1)
    compared = f"{bound} {meets if outcome == 'Passed' else misses} {wanted}{unit}"
    if cost_name(gate.metric) not in TIMED:
        return compared
    which = name if outcome == "Rejected" else "bound"
    other = f" ({name} {scale * lenient:{sign}.1f}{unit})" if outcome == "Inconclusive" else ""
    return f"{gate.confidence * 100:g} % {which} {compared}{other}"


def _result(gate: Gate, outcome: Outcome, line: str, judged: Bounds | None) -> GateResult:
    return GateResult(
        metric=gate.metric,
        outcome=outcome,
        line=f"{line} {mark(gate, outcome)}",
        value=judged.value if judged else None,
        lower=judged.lower if judged else None,
        upper=judged.upper if judged else None,
        threshold=threshold(gate),
        dry_run=gate.dry_run,
    )
