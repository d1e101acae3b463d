"""From request to answer."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from embtune_api.diagnosis import DiagnosisProgress, DiagnosisRequest, Measured, OneBatch, RateSweep, ShortRun
from embtune_api.presets import steps_with
from embtune_api.status import Progress
from embtune_store import folders, open_store
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.diagnose.bench import Bench, Lesson
from embtune_trainer.diagnose.effort import Effort, Share, effort_for, share_out
from embtune_trainer.diagnose.one_batch import learn_one_batch
from embtune_trainer.diagnose.rates import sweep
from embtune_trainer.diagnose.short_run import run_shortly
from embtune_trainer.encoder import device_for, fetch_model
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.consistency import faults, measure_consistency
from embtune_trainer.train.learner import Learner
from embtune_trainer.train.length import with_length
from embtune_trainer.train.precision import choose_arithmetic
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import Record, read_records, texts_of
from embtune_trainer.train.teaching import ask_teacher, refuse_without_negatives

Say = Callable[[DiagnosisProgress], None]
_TRY_AGAIN = 5.0
"""The second attempt at one batch is so many times gentler."""
_UNIT = 1e-3


class _Alone(Ranks):
    """One process, without a process group."""

    def __init__(self) -> None:
        self.rank, self.world = 0, 1


def run_diagnosis(request: DiagnosisRequest, say: Say) -> Measured:
    """All experiments, each from the untrained weights, with the main rows and their loss: auxiliary sets take no part.

    Args:
        say: is told how far it is.

    Raises:
        InvalidInput: what the training itself would refuse, in its words.
        EmbtuneError: memory ran out, or the model cannot be loaded.
        Tampered: the rows or the model are not what was prepared.
    """
    started = time.monotonic()
    train = request.train
    device, store = device_for(0), open_store(train.store)
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(usable_cpus())
    say(DiagnosisProgress(message="loading the model and the rows"))
    learner = Learner.of(train, fetch_model(store, train.base), device)
    records = read_records(folders.read_verified(store, train.rows))
    refuse_without_negatives(records, train.training.loss.name)
    consistency = measure_consistency(learner.model, texts_of(records))

    with tempfile.TemporaryDirectory() as scratch:
        keys, ranks = train.job_keys.step("train", train.digest), _Alone()

        def tell(progress: Progress) -> None:
            say(DiagnosisProgress(message=progress.message))

        recipe = with_length(train.training, records, learner.model, ranks, Checkpoints(open_store(scratch), keys), tell)
        learner, share = replace(learner, recipe=recipe), share_out(records, recipe)

        def learn_from(some: Sequence[Record]) -> Lesson:
            dimension = learner.model.get_embedding_dimension()
            lessons = ask_teacher(train, some, store, ranks, device, dimension, tell)
            return Lesson(*learner.learn_from(some, lessons, open_store(scratch), keys, ranks, tell))

        lesson, unseen = learn_from(share.learnt), learn_from(share.unseen)

    arithmetic = choose_arithmetic(recipe.precision, device, ranks)
    dtype = torch.float32 if arithmetic.precision == "fp16" else arithmetic.dtype  # a few steps are too few to find a loss scale
    steps = _Steps(say)
    bench = Bench.of(learner.model, recipe, lesson.rows, steps.count, dtype)
    total_steps = (recipe.epochs or 1) * steps_with(train.auxiliary, len(records), recipe.batch_size or share.batch_size)
    effort = _effort(bench, lesson, share, request.seconds)
    found, run, one = _experiments(bench, lesson, unseen, share, effort, steps, total_steps)
    return Measured(
        rows=len(records),
        taken=len(share.learnt) + len(share.unseen),
        batch_size=effort.batch_size,
        total_steps=total_steps,
        tuned=learner.tuned.part,
        unit_length=_is_unit(bench, lesson),
        consistency=consistency,
        faults=faults(consistency),
        sweep=found,
        one_batch=one,
        run=run,
        seconds=time.monotonic() - started,
    )


def _experiments(
    bench: Bench, lesson: Lesson, unseen: Lesson, share: Share, effort: Effort, steps: "_Steps", total_steps: int
) -> tuple[RateSweep, ShortRun, OneBatch]:
    """One after the other; what is learnt in one is forgotten before the next."""
    seed, size = bench.recipe.seed, effort.batch_size
    unit = _is_unit(bench, lesson)
    bench.restore(bench.recipe.dropout)

    steps.begin("looking for learning rates", 0, effort)
    found = sweep(bench, lesson, _batches(lesson, size, seed, effort.sweep), total_steps)

    steps.begin("the recipe as it stands", effort.sweep, effort)
    probes = _batches(unseen, share.probe_size(size), 0, effort.probes, one_epoch=True)
    run = run_shortly(bench, lesson, _batches(lesson, size, seed, effort.run), unseen, probes)

    steps.begin("learning one batch by heart", effort.sweep + effort.run, effort)
    rate = found.suggested or bench.recipe.learning_rate or 0.0
    batch = _batches(lesson, size, seed, 1)[0]
    one = learn_one_batch(bench, lesson, batch, [rate, rate / _TRY_AGAIN], effort.one_batch, unit=unit)
    return found, run, one


class _Steps:
    """How far the experiments are."""

    def __init__(self, say: Say) -> None:
        self._say, self._message, self._done, self._total = say, "how long a step takes", 0, 0

    def begin(self, message: str, done: int, effort: Effort) -> None:
        self._message, self._done, self._total = message, done, effort.steps

    def count(self) -> None:
        self._done += 1
        self._say(DiagnosisProgress(message=self._message, done=min(self._done, self._total), total=self._total))


def _effort(bench: Bench, lesson: Lesson, share: Share, seconds: float) -> Effort:
    """By how long a step takes here, once everything is warm."""
    batch = _batches(lesson, share.batch_size, bench.recipe.seed, 1)[0]
    optimizer = bench.restore(bench.recipe.dropout)
    for _ in range(2):
        started = time.monotonic()
        bench.step(lesson, batch, 0, 0.0, optimizer)
    return effort_for(time.monotonic() - started, share.batch_size, seconds)


def _is_unit(bench: Bench, lesson: Lesson) -> bool:
    lengths = bench.embeddings(lesson, np.arange(min(len(lesson.rows), 8))).norm(dim=1)
    return bool((lengths - 1).abs().max() < _UNIT)


def _batches(lesson: Lesson, batch_size: int, seed: int, count: int, *, one_epoch: bool = False) -> list[Rows]:
    """As many as that, epoch after epoch; or what one epoch has of them."""
    size = min(batch_size, len(lesson.rows))
    batches = lesson.objective.batches(size, 0, seed)
    epoch = 1
    while len(batches) < count and not one_epoch:
        batches += lesson.objective.batches(size, epoch, seed)
        epoch += 1
    return batches[:count]
