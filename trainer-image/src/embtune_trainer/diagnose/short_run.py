"""The recipe as it stands, with its whole schedule in a few steps: does the loss of rows fall, of those that it does not learn
from, too?
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embtune_api.diagnosis import Change, ShortRun
from embtune_api.training_record import LayerNorms, LossPoint
from embtune_trainer.diagnose.bench import Bench, Lesson
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.health import dead_layers, exploding
from embtune_trainer.train.layers import layer_norms
from embtune_trainer.train.loop import schedule

_LAYER_LOOKS = 8
_PROBES = 8
"""Batches that are looked at before and after."""
_ENOUGH = 4
"""Batches, to say how much chance there is in them."""


def run_shortly(bench: Bench, lesson: Lesson, batches: Sequence[Rows], unseen: Lesson, probes: Sequence[Rows]) -> ShortRun:
    """
    Args:
        batches: of `lesson`, a step each.
        probes: of `unseen`.
    """
    recipe, steps = bench.recipe, len(batches)
    own = batches[:: max(1, steps // _PROBES)][:_PROBES]
    optimizer = bench.restore(recipe.dropout)
    trained_before, unseen_before = bench.probe(lesson, own), bench.probe(unseen, probes)
    curve: list[LossPoint] = []
    layers: list[LayerNorms] = []
    broke = None
    bench.model.train()
    for number, batch in enumerate(batches):
        rate = (recipe.learning_rate or 0.0) * schedule(number, steps, recipe.warmup_ratio)

        def look(step: int = number + 1) -> None:
            if step == 1 or step % max(1, steps // _LAYER_LOOKS) == 0:
                layers.append(LayerNorms(step=step, norms=layer_norms(bench.model)))

        done = bench.step(lesson, batch, number, rate, optimizer, look)
        if not done.is_finite:
            broke = f"at step {number + 1} of {steps} the loss was {done.loss} and the gradient's norm {done.norm}"
            break
        curve.append(LossPoint(step=number + 1, loss=done.loss, learning_rate=rate, grad_norm=done.norm))
    sound = [seen for seen in layers if np.isfinite(list(seen.norms.values())).all()]
    found = [dead_layers(sound), exploding(curve, sound, recipe)]
    return ShortRun(
        steps=steps,
        trained=_change(own, trained_before, bench.probe(lesson, own)),
        unseen=_change(probes, unseen_before, bench.probe(unseen, probes)),
        all_alike=_all_alike(unseen, probes, bench.embeddings(unseen, probes[0])),
        curve=curve,
        layers=sound,
        findings=[finding for finding in found if finding],
        broke=broke,
    )


def _change(batches: Sequence[Rows], before: NDArray[np.float64], after: NDArray[np.float64]) -> Change:
    """Of the loss and of the edge."""
    rows = np.array([len(batch) for batch in batches])
    finite = bool(np.isfinite(after).all())
    edge = before[:, 1] - before[:, 0]
    gained = after[:, 1] - after[:, 0] - edge if finite else -edge
    enough = len(batches) >= _ENOUGH
    return Change(
        rows=int(rows.sum()),
        before=float(np.average(before[:, 0], weights=rows)),
        after=float(np.average(after[:, 0], weights=rows)) if finite else None,
        edge=float(np.average(edge, weights=rows)),
        gained=float(np.average(gained, weights=rows)),
        error=float(gained.std(ddof=1) / np.sqrt(len(gained))) if enough else 0.0,
    )


@torch.no_grad()
def _all_alike(lesson: Lesson, batches: Sequence[Rows], vectors: Tensor) -> float:
    """Loss of a model that gives every text the same vector."""
    values = []
    for batch in batches:
        texts = len(lesson.rows.of(batch))
        values.append(float(lesson.objective.loss(torch.nan_to_num(vectors[:1], nan=1.0).repeat(texts, 1), batch).value))
    return float(np.mean(values))
