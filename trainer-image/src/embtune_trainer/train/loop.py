"""The training loop: for each global batch its gradient and a step; in between a look, a report, a checkpoint."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from embtune_api.auxiliary import MAIN
from embtune_api.errors import Stopped
from embtune_api.status import Progress
from embtune_api.training import Training
from embtune_api.training_record import LayerNorms, LossPoint
from embtune_trainer.packed import Chosen, Padded, choose_forward
from embtune_trainer.progress import ReportProgress
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.gradient import BatchGradient
from embtune_trainer.train.layers import layer_norms
from embtune_trainer.train.looks import Looks
from embtune_trainer.train.memory import Memory, recompute_activations
from embtune_trainer.train.metrics import Moment
from embtune_trainer.train.objectives import Objective
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.probe import Gauge, find_texts_at_once
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import TrainingRows
from embtune_trainer.train.scaling import LossScaling
from embtune_trainer.train.sets import Sets
from embtune_trainer.train.telling import Telling
from embtune_trainer.train.tune import make_optimizer, set_rate

CURVE_POINTS = 200
LAYER_POINTS = 20
REPORT_SECONDS = 1.0
CHECKPOINT_SECONDS = 600.0
CHECKED_ROWS = 64


def nobody(_: Moment) -> None:
    """Whom the other ranks show what they see."""


@dataclass
class Loop:
    """One training, ready to run."""

    model: SentenceTransformer
    rows: TrainingRows
    objective: Objective
    """Over these rows."""
    recipe: Training
    """Every value explicit."""
    ranks: Ranks
    checkpoints: Checkpoints
    dtype: torch.dtype
    """Of matrix products."""
    report: ReportProgress
    stop_asked: Callable[[], bool]
    """Whether this process was told to save and stop."""
    show: Callable[[Moment], None] = nobody
    """Of rank 0, as often as `report`."""
    memory: Memory = field(default_factory=Memory)
    looks: Looks = field(default_factory=Looks)
    sets: Sets | None = None
    """Whose the rows are; None: all are the main ones."""
    gauge: Gauge | None = None
    """None: nobody says how full the memory is."""

    def run(self) -> Outcome:
        """Train to the end, from the newest complete checkpoint.

        Raises:
            Stopped: when some rank was told to stop; a checkpoint holds everything done so far.
            EmbtuneError: when the loss is not a number, or nothing could be learnt in fp16.
        """
        self._prepare_model()
        optimizer = self._optimizer()
        outcome = Outcome()
        done = self._restore(optimizer, outcome)
        self._probe_memory(optimizer)
        saved = last_report = started = time.monotonic()
        for step, batch in self._batches_after(done):
            self._set_learning_rate(optimizer, step)
            loss, norm = self._train_on(step, batch, optimizer, outcome)
            done = step + 1
            now = time.monotonic()
            outcome.seconds, outcome.rows = now - started, outcome.rows + len(batch)
            on_curve = self._is_on_curve(done, batch, outcome)
            if on_curve or now - last_report >= REPORT_SECONDS:
                last_report = now
                self._tell(step, batch, loss, norm, outcome, on_curve)
            is_best = self.looks.look(done, self.total_steps, self.model, outcome)
            if self.looks.say_enough(outcome):
                outcome.stopped_early = done < self.total_steps
                break
            if done < self.total_steps and self.ranks.any(self.stop_asked(), self._device):
                self._refuse_nonsense(step, loss, norm)
                self._save(done, optimizer, outcome)
                raise Stopped(
                    f"training was asked to stop: {done} of {self.total_steps} steps are saved; the same job continues there"
                )
            due = is_best or done % (self.recipe.checkpoint_steps or self.total_steps) == 0
            if done < self.total_steps and self.ranks.any(due or now - saved >= CHECKPOINT_SECONDS, self._device):
                self._refuse_nonsense(step, loss, norm)
                self._save(done, optimizer, outcome)
                saved = time.monotonic()
        self.scaling.refuse_to_have_learnt_nothing(outcome.skipped_steps, done)
        self.looks.take_best(done, self.checkpoints, self.model, optimizer, outcome)
        outcome.seconds = time.monotonic() - started
        return outcome

    @cached_property
    def chosen(self) -> Chosen:
        """How texts are computed: checked once, before the first step, and again when the training resumes elsewhere."""
        chosen = choose_forward(self.model, self.rows.of(np.arange(min(len(self.rows), CHECKED_ROWS))))
        if self.ranks.any(chosen.name == "padded", self._device) and chosen.name == "packed":
            return Chosen(Padded(self.model), "padded", "the packed forward failed its check in another process")
        return chosen

    @cached_property
    def gradient(self) -> BatchGradient:
        forward, seed = self.chosen.forward, self.recipe.seed
        how = (forward, seed, self.dtype, self.scaling)
        return BatchGradient(self.model, self.rows, self.objective, self.ranks, self.memory, *how)

    @cached_property
    def scaling(self) -> LossScaling:
        return LossScaling.of(self.dtype, self._device)

    @property
    def total_steps(self) -> int:
        return self._epochs * self._steps_per_epoch

    @property
    def _epochs(self) -> int:
        assert self.recipe.epochs is not None
        return self.recipe.epochs

    @property
    def _batch_size(self) -> int:
        assert self.recipe.batch_size is not None
        return self.recipe.batch_size

    @property
    def _steps_per_epoch(self) -> int:
        return sum(self._sets.steps(self._batch_size))

    @cached_property
    def _sets(self) -> Sets:
        return self.sets or Sets(len(self.rows))

    @property
    def _telling(self) -> Telling:
        return Telling(self.total_steps, self._steps_per_epoch, self._batch_size, self.recipe.learning_rate)

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _prepare_model(self) -> None:
        self.model.train()
        if self.recipe.activation_checkpointing:
            recompute_activations(self.model)
        if self.recipe.dropout is not None:
            for name, module in self.model.named_modules():
                if isinstance(module, torch.nn.Dropout) and ".lora_" not in name:  # adapters have a dropout of their own
                    module.p = self.recipe.dropout
        assert self.chosen  # all processes together: they wait for each other

    def _optimizer(self) -> torch.optim.AdamW:
        return make_optimizer(self.model, self.recipe)

    def _restore(self, optimizer: torch.optim.AdamW, outcome: Outcome) -> int:
        checkpoint = self.checkpoints.latest()
        if checkpoint is None:
            return 0
        self.checkpoints.restore(checkpoint, self.model, optimizer)
        outcome.recall(checkpoint.step, checkpoint.history)
        self.memory.recall(checkpoint.history.ran_out, checkpoint.history.probe)
        self.scaling.recall(checkpoint.history.loss_scale)
        return checkpoint.step

    def _probe_memory(self, optimizer: torch.optim.AdamW) -> None:
        """Once for a training, where it is asked for."""
        if self.recipe.micro_batch_size != "Auto" or self.gauge is None or not self.memory.is_open:
            return
        if self.ranks.first:
            self.report(Progress(message="finding out how many texts fit into the memory at once"))
        batch_texts = math.ceil(self._batch_size / self.ranks.world) * int(self.rows.counts.max())
        self.memory.settle(find_texts_at_once(self.gradient, optimizer, batch_texts, self.gauge))

    def _batches_after(self, done: int) -> Iterator[tuple[int, Rows]]:
        for epoch in range(done // self._steps_per_epoch, self._epochs):
            batches = self.objective.batches(self._batch_size, epoch, self.recipe.seed)
            for number, batch in enumerate(batches):
                step = epoch * self._steps_per_epoch + number
                if step >= done:
                    yield step, batch

    def _set_learning_rate(self, optimizer: torch.optim.AdamW, step: int) -> None:
        set_rate(optimizer, (self.recipe.learning_rate or 0.0) * schedule(step, self.total_steps, self.recipe.warmup_ratio))

    def _train_on(self, step: int, batch: Rows, optimizer: torch.optim.AdamW, outcome: Outcome) -> tuple[Tensor, Tensor]:
        optimizer.zero_grad(set_to_none=True)
        loss = self.gradient.backward(step, batch, outcome)
        self.ranks.sum_gradients(self.model)
        self.scaling.unscale(optimizer)
        due = step == 0 or (step + 1) % max(1, self.total_steps // LAYER_POINTS) == 0
        norms = layer_norms(self.model) if due else {}
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.max_grad_norm)
        if not self.scaling.step(optimizer, step):
            outcome.skipped_steps += 1
        elif norms:
            outcome.layers.append(LayerNorms(step=step + 1, norms=norms))
        return loss, norm

    def _is_on_curve(self, done: int, batch: Rows, outcome: Outcome) -> bool:
        """Now and then, of each set, and at the end: one that is seldom drawn has its points, too. The next step stands in for
        one that was skipped."""
        if self.scaling.skipped:
            return False
        name, beside = self._sets.name(batch), len(self._sets.beside)
        last = next((point.step for point in reversed(outcome.curve) if point.auxiliary == name), None)
        if last is None and beside:
            return True
        apart = max(1, self.total_steps // CURVE_POINTS) * (1 + beside)
        return done - (last or 0) >= apart or done == self.total_steps

    def _tell(self, step: int, batch: Rows, loss: Tensor, norm: Tensor, outcome: Outcome, on_curve: bool) -> None:
        value, done = float(loss), step + 1
        learning_rate = (self.recipe.learning_rate or 0.0) * schedule(step, self.total_steps, self.recipe.warmup_ratio)
        if on_curve:
            self._refuse_nonsense(step, loss, norm)
            point = LossPoint(
                step=done, loss=value, learning_rate=learning_rate, grad_norm=float(norm), auxiliary=self._sets.name(batch)
            )
            outcome.curve.append(point)
        if self.ranks.first:
            of_memory, of_scale = self.memory.note, self.scaling.note(outcome.skipped_steps)
            notes = [self._note(batch), of_memory, of_scale, self.looks.note(outcome)]
            progress = self._telling.progress(done, value, outcome, notes)
            self.show(Moment(progress, learning_rate, float(norm)))
            self.report(progress)

    def _note(self, batch: Rows) -> str:
        """Whose the loss is, for whoever looks at the progress."""
        return f"a batch of {self._sets.name(batch) or MAIN}" if self._sets.beside else ""

    def _refuse_nonsense(self, step: int, loss: Tensor, norm: Tensor) -> None:
        """Of a step that was skipped nothing has come into the weights."""
        if not self.scaling.skipped:
            self._telling.refuse_nonsense(step, float(loss), float(norm))

    def _save(self, done: int, optimizer: torch.optim.AdamW, outcome: Outcome) -> None:
        if self.ranks.first:
            history = outcome.history(self.memory.report, self.scaling.state, self.recipe.explicit_max_seq_length)
            self.checkpoints.save(done, self.model, optimizer, history, self.looks.best_step(outcome))
        self.ranks.wait()


def schedule(step: int, total: int, warmup_ratio: float) -> float:
    """Share of the learning rate at `step` (from 0): linear warm-up, then linear decay to nothing."""
    warmup = min(math.ceil(total * warmup_ratio), total - 1)
    if step < warmup:
        return step / warmup
    return max(0.0, (total - step) / max(1, total - warmup))
