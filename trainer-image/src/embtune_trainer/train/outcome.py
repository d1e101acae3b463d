"""What a training did, as far as it is."""

from dataclasses import dataclass, field

from embtune_api.base import Document
from embtune_api.training_record import LayerNorms, LossPoint, MemoryEvent, ValidationPoint


class History(Document):
    """What a checkpoint keeps beside the weights: whoever goes on from there knows all that was seen before."""

    curve: list[LossPoint] = []
    masked_negatives: int = 0
    ran_out: list[MemoryEvent] = []
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

    def history(self, ran_out: list[MemoryEvent], max_seq_length: int | None) -> History:
        return History(
            curve=self.curve,
            masked_negatives=self.masked_negatives,
            ran_out=ran_out,
            layers=self.layers,
            validated=self.validated,
            max_seq_length=max_seq_length,
        )

    def recall(self, step: int, history: History) -> None:
        """Go on from what a checkpoint after `step` steps knew."""
        self.resumed_from, self.masked_negatives = step, history.masked_negatives
        self.curve, self.layers, self.validated = list(history.curve), list(history.layers), list(history.validated)
