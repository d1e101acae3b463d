"""What is in memory at once, and what happens when that is too much: the same batch again, with fewer texts at a time.

Every loss here is a function of embeddings, so each of them can be taken in two passes: all texts of the batch are embedded
without their activations, a micro-batch after the other; the loss of the whole batch says what each embedding's gradient is;
then every micro-batch is embedded again, with activations, and sends its share back. The batch stays whole, with all of its
negatives: Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", which the cached losses
of sentence-transformers follow.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from torch import nn
from transformers import PreTrainedModel

from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_api.training import Training
from embtune_api.training_record import MemoryEvent, MemoryProbe, MemoryReport
from embtune_trainer.out_of_memory import free, ran_out

T = TypeVar("T")

ELSEWHERE = "memory ran out in another process of the training"


@dataclass
class Memory:
    """How many texts each process holds at once. All processes of a training agree on it."""

    texts: int | None = None
    """Whose activations are held at once; None: those of the whole batch."""
    events: list[MemoryEvent] = field(default_factory=list)
    """When it had to become less."""
    probe: MemoryProbe | None = None
    """What was found to fit before the first step."""
    _reason: str = ELSEWHERE

    @classmethod
    def of(cls, recipe: Training, batch_texts: int, killed: int = 0) -> "Memory":
        """As the recipe begins.

        Args:
            batch_texts: of a batch, on one process.
            killed: earlier attempts that were ended for want of memory.
        """
        texts = recipe.texts_at_once
        if not killed:
            return cls(texts)
        fewer = max(1, min(texts or batch_texts, batch_texts) >> killed)
        return cls(fewer, [MemoryEvent(step=0, texts=fewer, reason=f"{killed} earlier attempts were killed")])

    @property
    def report(self) -> MemoryReport:
        return MemoryReport(texts=self.texts, events=self.events, probe=self.probe)

    @property
    def note(self) -> str:
        """For whoever looks at the progress; nothing where memory was enough."""
        if not self.events:
            return ""
        last = self.events[-1]
        when = f"at step {last.step}" if last.step else "in an earlier attempt"
        return f"memory ran out {when}: {last.texts} texts at once since then"

    @property
    def is_open(self) -> bool:
        """Nobody has said or found out how many texts to hold."""
        return self.texts is None and self.probe is None

    def settle(self, probe: MemoryProbe) -> None:
        """Hold as many texts as were found to fit."""
        self.probe, self.texts, self._reason = probe, probe.at_once, ELSEWHERE

    def recall(self, events: list[MemoryEvent], probe: MemoryProbe | None) -> None:
        """Begin with what an earlier attempt found out, unless less is known to be too much."""
        if probe is not None and self.is_open:
            self.settle(probe)
        if events and (self.texts is None or events[-1].texts < self.texts):
            self.events, self.texts = list(events), events[-1].texts

    def tried(self, work: Callable[[], T]) -> T | None:
        """What `work` gives; None: memory ran out."""
        try:
            return work()
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            self._reason = ((str(error) or "not enough memory").splitlines())[0][:200]
        return None

    def halve(self, step: int, batch_texts: int) -> None:
        """Hold half as many texts from now on.

        Args:
            step: from 0
            batch_texts: of the batch that was too large, on the process that has most of them.

        Raises:
            EmbtuneError: one text alone is too much.
        """
        held = min(self.texts or batch_texts, batch_texts)
        if held <= 1:
            raise EmbtuneError(
                f"at step {step + 1} the training ran out of memory with a single text in it: {self._reason}. Lower "
                f"training.maxSeqLength, set training.activationCheckpointing: true, start from a smaller base model, or choose "
                f"a profile with more memory"
            )
        self.texts = held // 2
        self.events.append(MemoryEvent(step=step + 1, texts=self.texts, reason=self._reason))
        self._reason = ELSEWHERE
        free()


def recompute_activations(model: nn.Module) -> None:
    """Keep one activation a layer, and compute the others again when their gradient is asked for.

    Raises:
        InvalidInput: the model cannot.
    """
    able = [
        module for module in model.modules() if isinstance(module, PreTrainedModel) and module.supports_gradient_checkpointing
    ]
    if not able:
        raise InvalidInput(
            "training.activationCheckpointing: no part of this base model can compute its activations again. Leave it out; "
            "training.microBatchSize saves memory with any model"
        )
    for module in able:
        module.activation_checkpointing_enable()
