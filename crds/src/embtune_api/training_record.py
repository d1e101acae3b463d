"""What a training tells about its own course, for the training report."""

from __future__ import annotations

from typing import Literal

from embtune_api.base import Document

Precision = Literal["fp32", "bf16", "fp16"]
"""Of arithmetic."""


class LossPoint(Document):
    """One step of the training's curve."""

    step: int
    loss: float
    learning_rate: float
    grad_norm: float
    """Of the whole gradient, before clipping."""
    auxiliary: str | None = None
    """The auxiliary set that the batch was of; None: the main rows."""


class MemoryEvent(Document):
    """Memory ran out, and the same batch was computed again with fewer texts at once."""

    step: int
    """Counted from 1."""
    texts: int
    """Whose activations each process holds at once, from then on."""
    reason: str
    """What the machine said, shortened."""


class MemoryProbe(Document):
    """`training.microBatchSize: Auto`: what was found on a GPU before the first step, with the longest texts of all rows."""

    texts: int
    """Most of those tried whose activations fit at once, with a tenth of the memory left free."""
    batch_texts: int
    """Of the job's largest batch, on one process."""
    used: float
    """Share of the memory that so many took."""
    seconds: float

    @property
    def at_once(self) -> int | None:
        """How many are held at once; None: the whole batch."""
        return self.texts if self.texts < self.batch_texts else None


class MemoryReport(Document):
    """How much was in memory at once. The batch, its negatives and its gradient are the same, whatever stands here."""

    texts: int | None
    """Whose activations each process held at once in the end; None: those of the whole batch."""
    events: list[MemoryEvent]
    probe: MemoryProbe | None = None
    """None: nothing was tried before the first step."""


class LossScale(Document):
    """fp16 alone: by how much the loss was multiplied, so that small gradients are not rounded to 0."""

    scale: float
    """Now. Halved when a gradient overflows, doubled after 2,000 steps in a row that do not."""
    good_steps: int
    """Since it last changed."""


class LayerNorms(Document):
    """Lengths of the gradient's parts at one step, before clipping."""

    step: int
    norms: dict[str, float]
    """By layer, from the input to the output; layers that are frozen are missing."""


class ValidationPoint(Document):
    """What the validation rows said after a step."""

    step: int
    loss: float
    """As in training, without dropout, over batches of the same size."""
    score: float
    """Of the metric that `ValidationReport` names; higher is better, but for `loss`."""


class ValidationReport(Document):
    """The validation rows during the training."""

    metric: str
    """ndcg@10, spearman, ap, … or loss."""
    questions: int
    """Asked at each point: a sample of the validation rows, by hash."""
    rows: int
    """Whose loss is taken at each point."""
    points: list[ValidationPoint]
    best_step: int
    """The published weights are those of this step."""
    stopped_early: bool
    """Before the last step: `earlyStopping.patience` points in a row were no better."""
    seconds: float
    """What it took, in this process; `TrainingReport.seconds` holds it too."""


class TrainingFinding(Document):
    """Something about the training that a person should know."""

    check: Literal["overfit", "loss", "gradient/dead", "gradient/exploding", "gradient/overflow", "model", "memory"]
    message: str
    """What was seen, likely causes in order, and what to do."""
