"""Which step's weights are published, and whether it is worth going on: functions of what the validation rows said so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from embtune_api.early_stopping import EarlyStopping
from embtune_api.training_record import ValidationPoint


@dataclass(frozen=True)
class Selection:
    """What counts as better."""

    metric: str
    """As in `ValidationReport`."""
    stopping: EarlyStopping | None = None
    """None: the training goes to its last step."""

    def best(self, points: Sequence[ValidationPoint]) -> ValidationPoint | None:
        """The point with the best score; of equal ones that with the lowest loss, then the latest. None: there is no point."""
        return max(points, key=lambda point: (self._goodness(point), -point.loss, point.step), default=None)

    def is_over(self, points: Sequence[ValidationPoint]) -> bool:
        """Whether the last points, as many as patience says, are no better than what came before."""
        if self.stopping is None:
            return False
        best, waited = float("-inf"), 0
        for point in points:
            goodness = self._goodness(point)
            if goodness > best + self._least_gain:
                best, waited = goodness, 0
            else:
                waited += 1
        return waited >= self.stopping.patience

    def _goodness(self, point: ValidationPoint) -> float:
        return -point.score if self.metric == "loss" else point.score

    @cached_property
    def _least_gain(self) -> float:
        return self.stopping.min_delta if self.stopping else 0.0
