"""What a training did, as far as it is."""

from dataclasses import dataclass, field

from embtune_api.base import Document
from embtune_api.training_record import LayerNorms, LossPoint, LossScale, MemoryEvent, MemoryProbe, MemoryReport, ValidationPoint


class History(Document):
    """What a checkpoint keeps beside the weights: whoever goes on from there knows all that was seen before."""

    curve: list[LossPoint] = []
    masked_negatives: int = 0
    skipped_steps: int = 0
    """That the optimizer did not take: their gradients overflowed in fp16."""
    loss_scale: LossScale | None = None
    ran_out: list[MemoryEvent] = []
    probe: MemoryProbe | None = None
    layers: list[LayerNorms] = []
    validated: list[ValidationPoint] = []
    max_seq_length: int | None = None
    """Tokens a text; None: as many as the model reads."""


@dataclass
class Outcome:
    """What a training did in this process, and before it."""

    resumed_from: int | None = None
    seconds: float = 0.0
    """From the first step to the last, checkpoints and validation included."""
    rows: int = 0
    masked_negatives: int = 0
    skipped_steps: int = 0
    """Whose gradient overflowed in fp16."""
    tokens: int = 0
    """Without padding, on this rank."""
    computed_tokens: int = 0
    """With padding, on this rank."""
    curve: list[LossPoint] = field(default_factory=list)
    layers: list[LayerNorms] = field(default_factory=list)
    validated: list[ValidationPoint] = field(default_factory=list)
    validation_seconds: float = 0.0
    stopped_early: bool = False

    @property
    def main_curve(self) -> list[LossPoint]:
        """Of batches of the main rows: the losses of other sets are not to be compared with theirs."""
        return [point for point in self.curve if point.auxiliary is None]

    @property
    def samples_per_second(self) -> float:
        return self.rows / self.seconds if self.seconds else 0.0

    def history(self, memory: MemoryReport, loss_scale: LossScale | None, max_seq_length: int | None) -> History:
        return History(
            curve=self.curve,
            masked_negatives=self.masked_negatives,
            skipped_steps=self.skipped_steps,
            loss_scale=loss_scale,
            ran_out=memory.events,
            probe=memory.probe,
            layers=self.layers,
            validated=self.validated,
            max_seq_length=max_seq_length,
        )

    def recall(self, step: int, history: History) -> None:
        """Go on from what a checkpoint after `step` steps knew."""
        self.resumed_from, self.masked_negatives, self.skipped_steps = step, history.masked_negatives, history.skipped_steps
        self.curve, self.layers, self.validated = list(history.curve), list(history.layers), list(history.validated)
