"""What `embtune-trainer diagnose` is asked and answers: whether a training would learn, measured on its own model and rows."""

from __future__ import annotations

from pydantic import Field

from embtune_api.base import Document
from embtune_api.requests import TrainRequest
from embtune_api.training_record import LayerNorms, LossPoint, TrainingFinding
from embtune_api.tune import TunedPart


class DiagnosisRequest(Document):
    train: TrainRequest
    """The training that does not learn. Nothing is written where it would write."""
    seconds: float = Field(default=180, gt=0)
    """That the experiments may take together, about: they become shorter where the machine is slow."""


class Consistency(Document):
    """What the untrained encoder makes of a few texts."""

    texts: int
    shortest: float | None
    """Norm of a vector; None: some vectors are not finite."""
    longest: float | None
    apart: float | None
    """Largest difference of a number between two encodings of the same texts."""
    half: float | None
    """Least cosine of a vector in fp16 arithmetic with the same one in fp32; None: it is not finite."""
    least_alike: float | None
    """Least cosine of two of the texts; 1: it gives all texts the same vector."""


class RatePoint(Document):
    """One step of the learning-rate finder."""

    rate: float
    loss: float
    gain: float
    """By how much the loss is lower than the untrained model's, of the same batch with the same dropout."""


class RateSweep(Document):
    """The learning-rate finder: rates rise from step to step. Rates that are None were not found."""

    points: list[RatePoint]
    steepest: float | None
    """Where the loss falls fastest."""
    lowest: float | None
    """Where the loss is lowest."""
    diverged: float | None
    """Where most of what had been learnt is lost again."""
    low: float | None
    """A training of as many steps as the job's learns nothing to speak of below it."""
    high: float | None
    """Above it, a training is at the edge."""
    suggested: float | None


class OneBatch(Document):
    """The attempt to learn one batch by heart, without dropout."""

    rows: int
    steps: int
    rate: float
    start: float
    """Loss of the untrained model."""
    reached: float
    """Lowest loss of a step."""
    floor: float
    """What any model can reach: of vectors that are free to be anything, equal texts having equal ones."""
    floor_if_distinct: float
    """The same if no text came twice: what is below `floor` is lost to rows that contradict each other."""

    @property
    def learnt(self) -> float:
        """Share of what can be learnt from the batch; 1 where nothing is left to learn."""
        return min(1.0, (self.start - self.reached) / (self.start - self.floor)) if self.start > self.floor else 1.0


class Change(Document):
    """Loss of the same batches before and after a training, without dropout.

    The edge of a batch is by how much its loss is lower than when its rows exchange their first texts: of a model that knows
    nothing of which texts belong together it is 0, whatever its loss.
    """

    rows: int
    before: float
    after: float | None
    """None: it is no number."""
    edge: float
    """Before."""
    gained: float
    """By how much the edge grew."""
    error: float
    """Standard error of what was gained, over batches; 0 where there are few."""

    @property
    def fell(self) -> float:
        """By which share the loss did; negative where it rose."""
        if self.after is None:
            return -1.0
        return (self.before - self.after) / abs(self.before) if self.before else 0.0


class ShortRun(Document):
    """The recipe as it stands, with its schedule compressed into a few steps."""

    steps: int
    trained: Change
    """Of rows that it learns from."""
    unseen: Change
    """Of rows that it does not learn from."""
    all_alike: float
    """Loss of those rows, if all texts had the same vector."""
    curve: list[LossPoint]
    layers: list[LayerNorms]
    findings: list[TrainingFinding]
    broke: str | None
    """What was no number any more, and when; None: everything was one."""


class Measured(Document):
    """The answer: what was seen. What it means is said elsewhere."""

    rows: int
    """To train on, in all."""
    taken: int
    """Of them, in the experiments."""
    batch_size: int
    """In the experiments: the job's, or fewer, so that they end in time."""
    total_steps: int
    """Of the job's training."""
    tuned: TunedPart
    unit_length: bool
    """The model's vectors all have length 1."""
    consistency: Consistency
    faults: list[str]
    """What is wrong with the untrained encoder's vectors."""
    sweep: RateSweep
    one_batch: OneBatch
    run: ShortRun
    seconds: float


class DiagnosisProgress(Document):
    message: str
    done: int = 0
    """Steps of all experiments."""
    total: int = 0


class DiagnosisNews(Document):
    """A line of the trainer's stdout. The last one has the answer."""

    progress: DiagnosisProgress | None = None
    answer: Measured | None = None
