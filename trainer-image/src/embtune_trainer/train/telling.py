"""What a training says while it works, and what it must not go on with."""

import math
from dataclasses import dataclass

from embtune_api.errors import EmbtuneError
from embtune_api.status import Progress
from embtune_trainer.train.outcome import Outcome


@dataclass(frozen=True)
class Telling:
    """Of one training."""

    total_steps: int
    steps_per_epoch: int
    batch_size: int
    learning_rate: float | None
    """At its highest."""

    def progress(self, done: int, loss: float, outcome: Outcome, notes: list[str]) -> Progress:
        """After `done` steps; empty notes are left out."""
        rate = outcome.samples_per_second
        return Progress(
            percent=99.0 * done / self.total_steps,  # 100 once the model is stored
            step=done,
            total_steps=self.total_steps,
            epoch=done / self.steps_per_epoch,
            loss=loss if math.isfinite(loss) else None,
            samples_per_second=rate,
            eta_seconds=(self.total_steps - done) * self.batch_size / rate if rate else None,
            message=" · ".join(note for note in notes if note),
        )

    def refuse_nonsense(self, step: int, loss: float, norm: float) -> None:
        """Looked at on the same steps by all ranks, and before every checkpoint: NaN weights must never be resumed from.

        Raises:
            EmbtuneError: the loss, or the gradient's norm, is no number.
        """
        if math.isfinite(loss) and math.isfinite(norm):
            return
        raise EmbtuneError(
            f"at step {step + 1} of {self.total_steps} the loss is {loss} and the gradient's norm {norm}; lower "
            f"training.learningRate (now {self.learning_rate}) or set training.precision to fp32"
        )
