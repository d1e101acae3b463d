"""Expected value: plain arithmetic, each step and each assumption shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput

if TYPE_CHECKING:
    from embtune_api.training import Training
    from embtune_operator.advice.measured import Measured

DAYS = 30
"""That training has to pay for itself in."""
_BACKWARD = 3
"""Times what encoding takes: backpropagation costs about twice a forward pass."""
_TEXTS_OF_A_ROW = 2


@dataclass(frozen=True)
class Business:
    """What people say about their search."""

    queries_per_day: float
    cost_of_a_miss: float
    gpu_hour: float
    """The same currency as the cost of a miss."""


@dataclass(frozen=True)
class Value:
    """What a better model is worth, and costs."""

    worth: float
    """In 30 days."""
    cost: float
    """Of training once."""
    steps: list[str]
    """Of the arithmetic, a line each."""

    @property
    def pays(self) -> bool:
        return self.worth > self.cost


def expected_value(business: Business, measured: Measured, training: Training, rows: int) -> Value:
    """Of tuning once.

    Args:
        training: every value explicit.
        rows: to train on.

    Raises:
        InvalidInput: nothing is searched for in this data, so nothing is missed.
    """
    if measured.first_right is None:
        raise InvalidInput(
            "--cost-of-a-miss: a miss is a query whose first result is wrong, and scored pairs have no queries. Leave out "
            "--queries-per-day, --cost-of-a-miss and --gpu-hour for them."
        )
    missed = 1 - measured.first_right
    a_day = business.queries_per_day * missed
    fewer = measured.closed * a_day
    worth = fewer * business.cost_of_a_miss * DAYS
    assert training.epochs
    hours = rows * training.epochs * _TEXTS_OF_A_ROW * _BACKWARD / measured.texts_a_second / 3600
    cost = hours * business.gpu_hour
    steps = [
        f"misses now: {business.queries_per_day:,.0f} queries a day x {missed:.1%} whose first result is wrong = {a_day:,.1f}",
        f"fewer misses: {measured.closed:.0%} of them, tuning's share of the headroom ({measured.how_known}) = {fewer:,.1f}",
        f"worth: {fewer:,.1f} x {business.cost_of_a_miss:,.2f} a miss x {DAYS} days = {worth:,.2f}",
        f"training: {rows:,} rows x {training.epochs} epochs x {_TEXTS_OF_A_ROW} texts x {_BACKWARD} (forward and backward) / "
        f"{measured.texts_a_second:,.0f} texts a second = {hours:,.2f} hours (as fast as this machine encoded; a GPU is faster)",
        f"cost: {hours:,.2f} hours x {business.gpu_hour:,.2f} = {cost:,.2f}",
        f"{worth:,.2f} - {cost:,.2f} = {worth - cost:,.2f} in {DAYS} days",
        f"assumed, too: queries are like those of the validation rows, asked for {measured.passages:,} passages; more passages "
        f"mean more misses",
    ]
    return Value(worth, cost, steps)
