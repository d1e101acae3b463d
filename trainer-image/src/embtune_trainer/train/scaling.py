"""The scaled loss of a training in fp16, whose smallest number is 6e-8: what is smaller in a gradient would be lost.

The loss is multiplied by a scale, and its gradient divided by it again, in fp32: Micikevicius et al. 2018, "Mixed Precision
Training". Where a gradient overflows, the step changes no weight and the scale is halved. Gradients are summed over the
processes before they are looked at, so that all of them see the same overflow, and have the same scale.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from embtune_api.errors import EmbtuneError
from embtune_api.training_record import LossScale, TrainingFinding

LEAST = 1.0
"""The loss is not scaled up any more: a gradient that overflows then does so by itself."""
MANY = 0.05
"""Share of steps that may be skipped without a word."""
A_FEW = 3
"""That are skipped at the start of any training, until its scale is found."""


@dataclass
class LossScaling:
    """Of one training. In fp32 and bf16 it changes nothing."""

    scaler: torch.amp.GradScaler
    skipped: bool = False
    """Whether the last step was."""

    @classmethod
    def of(cls, dtype: torch.dtype, device: torch.device) -> "LossScaling":
        return cls(torch.amp.GradScaler(device.type, enabled=dtype == torch.float16))

    def up(self, loss: Tensor) -> Tensor:
        """To be differentiated in its stead."""
        scaled: Tensor = self.scaler.scale(loss)
        return scaled

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Divide the gradients by the scale, in place, when they are complete and before they are clipped."""
        self.scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer, number: int) -> bool:
        """The optimizer's step, unless a gradient is no number.

        Args:
            number: from 0

        Returns:
            Whether it was done.

        Raises:
            EmbtuneError: no scale helps.
        """
        before = self.scaler.get_scale()
        self.scaler.step(optimizer)
        self.scaler.update()
        self.skipped = self.scaler.get_scale() < before
        if self.skipped and before <= LEAST:
            raise EmbtuneError(
                f"at step {number + 1} the gradient is not a number in fp16, although the loss is not scaled up any more: "
                f"activations exceed what fp16 can hold, or a row is broken. Set training.precision: bf16 where the hardware "
                f"has it, else fp32; or lower training.learningRate"
            )
        return not self.skipped

    def refuse_to_have_learnt_nothing(self, skipped: int, steps: int) -> None:
        """At the end of a training of so many steps.

        Raises:
            EmbtuneError: each of them was skipped.
        """
        if skipped >= steps:
            raise EmbtuneError(
                f"in fp16 the gradient of each of the {steps} steps overflowed, so that nothing was learnt. Set "
                f"training.precision: bf16 where the hardware has it, else fp32; a longer training finds a scale that fits"
            )

    @property
    def state(self) -> LossScale | None:
        """None: nothing is scaled."""
        if not self.scaler.is_enabled():
            return None
        state = self.scaler.state_dict()
        return LossScale(scale=state["scale"], good_steps=state["_growth_tracker"])

    def recall(self, state: LossScale | None) -> None:
        """Go on from what a checkpoint knew; one in another precision knew nothing."""
        if state is not None and self.scaler.is_enabled():
            kept = self.scaler.state_dict()
            self.scaler.load_state_dict(kept | {"scale": state.scale, "_growth_tracker": state.good_steps})

    def note(self, skipped: int) -> str:
        """For whoever looks at the progress; nothing where no step was skipped."""
        return f"fp16: {skipped} steps skipped, whose gradients overflowed" if skipped else ""


def overflowing(skipped: int, steps: int) -> TrainingFinding | None:
    """Many steps of the training changed nothing.

    Args:
        skipped: of so many `steps`.
    """
    if skipped <= max(A_FEW, MANY * steps):
        return None
    return TrainingFinding(
        check="gradient/overflow",
        message=(
            f"{skipped} of {steps} steps were skipped, because their gradients overflowed in fp16: their rows taught nothing. A "
            f"few at the start are usual. Likely: so short a training that its start is much of it, activations near what fp16 "
            f"can hold, too high a learning rate, or rows that are broken. Set training.precision: bf16 where the hardware has "
            f"it, else fp32"
        ),
    )
