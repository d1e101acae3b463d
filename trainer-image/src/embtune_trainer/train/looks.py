"""Looks at the validation rows in the middle of a training: when, what they said, and which step's weights come out."""

import time
from dataclasses import dataclass

import torch
from sentence_transformers import SentenceTransformer

from embtune_api.errors import EmbtuneError
from embtune_api.training_record import ValidationPoint, ValidationReport
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.validation import Validation

SAME_SCORE = 1e-3
"""A GPU adds in another order each time."""


@dataclass(frozen=True)
class Looks:
    """Of one training, on one rank. The first rank looks, and all of them hear what it saw."""

    validation: Validation | None = None
    """None: nothing is looked at."""
    ranks: Ranks | None = None
    """None: nothing is looked at."""
    every: int = 0
    """Steps."""
    dtype: torch.dtype = torch.float32
    """In which the training computes its matrix products."""

    def look(self, done: int, total: int, model: SentenceTransformer, outcome: Outcome) -> bool:
        """Ask the validation rows where it is time to: now and then, and after the last step.

        Returns:
            Whether no step before was better: all ranks say so alike.
        """
        if self.validation is None or self.ranks is None or not self.every or (done % self.every and done < total):
            return False
        started = time.monotonic()
        point = self.validation.look(done, model, self.dtype) if self.ranks.first else None
        device = next(model.parameters()).device
        loss, score = self.ranks.first_says([point.loss, point.score] if point else [0.0, 0.0], device)
        outcome.validated.append(ValidationPoint(step=done, loss=loss, score=score))
        outcome.validation_seconds += time.monotonic() - started
        return self.best_step(outcome) == done

    def say_enough(self, outcome: Outcome) -> bool:
        """Whether it is time to stop early."""
        return self.validation is not None and self.validation.selection.is_over(outcome.validated)

    def best(self, outcome: Outcome) -> ValidationPoint | None:
        """So far."""
        return self.validation.selection.best(outcome.validated) if self.validation else None

    def best_step(self, outcome: Outcome) -> int | None:
        best = self.best(outcome)
        return best.step if best else None

    def note(self, outcome: Outcome) -> str:
        """For whoever looks at the progress."""
        if self.validation is None or not outcome.validated:
            return ""
        last = outcome.validated[-1]
        name = self.validation.selection.metric
        return f"validation {name} {last.score:.3f} at step {last.step}, best at step {self.best_step(outcome)}"

    def report(self, outcome: Outcome) -> ValidationReport | None:
        """None: nothing was looked at."""
        best = self.best(outcome)
        if self.validation is None or best is None:
            return None
        return ValidationReport(
            metric=self.validation.selection.metric,
            questions=self.validation.questions,
            rows=self.validation.rows_with_loss,
            points=outcome.validated,
            best_step=best.step,
            stopped_early=outcome.stopped_early,
            seconds=outcome.validation_seconds,
        )

    def take_best(
        self,
        done: int,
        checkpoints: Checkpoints,
        model: SentenceTransformer,
        optimizer: torch.optim.AdamW,
        outcome: Outcome,
    ) -> None:
        """Put the weights of the best step into the model of the first rank, which saves it: verified to be those scored.

        Args:
            done: the step whose weights the model has.

        Raises:
            EmbtuneError: they are gone, or answer otherwise.
            Tampered: their bytes are not those that were saved.
        """
        best = self.best(outcome)
        if self.validation is None or self.ranks is None or not self.ranks.first or best is None or best.step == done:
            return
        checkpoint = checkpoints.of(best.step)
        if checkpoint is None:
            raise EmbtuneError(
                f"step {best.step} has the best weights, and its checkpoint is gone: somebody has deleted it. Delete the others "
                f"too, at {checkpoints.place} in the store, and run the same job again: it trains anew"
            )
        checkpoints.restore(checkpoint, model, optimizer)
        again = self.validation.look(best.step, model, self.dtype)
        if abs(again.score - best.score) > SAME_SCORE:
            raise EmbtuneError(
                f"the weights of step {best.step} scored {best.score:.4f} in the training, and {again.score:.4f} now that they "
                f"are to be published: something is wrong with this machine or its store. Run the same job again"
            )
