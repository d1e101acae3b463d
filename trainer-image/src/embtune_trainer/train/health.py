"""What a person should know about a training that has ended: each finding names what was seen, and likely causes in order."""

from collections.abc import Sequence
from statistics import mean, median

import numpy as np

from embtune_api.training import Training
from embtune_api.training_record import LayerNorms, LossPoint, TrainingFinding, ValidationPoint
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.scaling import overflowing

_FEWEST_POINTS = 8
"""Of the curve, below which nothing is said about its course."""
_FELL = 0.98
"""What the loss must have fallen to, of what it was."""
_EXPLODED = 10.0
"""Times the usual length of the gradient."""
_ROSE = 0.02
"""Share by which the validation loss must have risen from its lowest point."""
_FEWEST_LOOKS = 4


def findings_of(outcome: Outcome, recipe: Training) -> list[TrainingFinding]:
    """Everything that was noticed, the most telling first."""
    curve = outcome.main_curve
    found = [
        overfit(outcome.validated, curve),
        dead_layers(outcome.layers),
        exploding(curve, outcome.layers, recipe),
        loss_that_does_not_fall(curve, recipe),
        overflowing(outcome.skipped_steps, outcome.curve[-1].step if outcome.curve else 0),
    ]
    return [finding for finding in found if finding]


def overfit(looks: Sequence[ValidationPoint], curve: Sequence[LossPoint]) -> TrainingFinding | None:
    """The gap between both losses has grown, and the slope of the validation loss points up."""
    if len(looks) < _FEWEST_LOOKS or not curve:
        return None
    lowest, first, last = min(looks, key=lambda look: look.loss), looks[0], looks[-1]
    later = looks[len(looks) // 2 :]
    slope = 100 * float(np.polyfit([look.step for look in later], [look.loss for look in later], 1)[0])
    learnt = {look.step: _training_loss(curve, look.step, looks[1].step - first.step) for look in (first, last)}
    gap, gap_before = last.loss - learnt[last.step], first.loss - learnt[first.step]
    if slope <= 0 or gap <= gap_before or last.loss < lowest.loss * (1 + _ROSE):
        return None
    return TrainingFinding(
        check="overfit",
        message=(
            f"overfit: the validation loss rose from {lowest.loss:.3f} at step {lowest.step} to {last.loss:.3f} at step "
            f"{last.step} (slope {slope:+.3f} in 100 steps), while the training loss came to {learnt[last.step]:.3f} (gap "
            f"{gap:.3f}, {gap_before:.3f} at step {first.step}). Likely: too many epochs, too few rows, or too high a learning "
            f"rate. Lower training.epochs, or set training.earlyStopping: {{metric: loss}}"
        ),
    )


def _training_loss(curve: Sequence[LossPoint], step: int, window: int) -> float:
    """Mean of the steps up to this one, since a single batch says little."""
    near = [point.loss for point in curve if step - window < point.step <= step]
    return mean(near or [min(curve, key=lambda point: abs(point.step - step)).loss])


def dead_layers(layers: Sequence[LayerNorms]) -> TrainingFinding | None:
    """A part of the model that is trained has never had a gradient."""
    dead = [name for name in (layers[0].norms if layers else {}) if all(seen.norms.get(name) == 0 for seen in layers)]
    if not dead:
        return None
    return TrainingFinding(
        check="gradient/dead",
        message=(
            f"the gradient of {', '.join(dead)} was zero at each of {len(layers)} steps looked at: nothing was learnt "
            f"there. Likely: the loss is 0 already (rows that are too easy, a margin that is kept), the output does not "
            f"depend on it, or bf16 rounds it away: try training.precision: fp32"
        ),
    )


def exploding(curve: Sequence[LossPoint], layers: Sequence[LayerNorms], recipe: Training) -> TrainingFinding | None:
    """The gradient became many times as long as it used to be."""
    if len(curve) < _FEWEST_POINTS:
        return None
    usual = median(point.grad_norm for point in curve[: len(curve) // 2])
    worst = max(curve, key=lambda point: point.grad_norm)
    if worst.grad_norm <= max(_EXPLODED * usual, _EXPLODED * recipe.max_grad_norm):
        return None
    seen = min(layers, key=lambda entry: abs(entry.step - worst.step), default=None)
    largest = f", most of it in {max(seen.norms, key=lambda name: seen.norms[name])}" if seen and seen.norms else ""
    return TrainingFinding(
        check="gradient/exploding",
        message=(
            f"the gradient's norm was {worst.grad_norm:.3g} at step {worst.step}, usually {usual:.3g}{largest}; "
            f"training.maxGradNorm kept it to {recipe.max_grad_norm:g}. Likely: a learning rate that is too high "
            f"({recipe.learning_rate}), too short a warm-up ({recipe.warmup_ratio}), or a few rows that are broken: very long "
            f"or labelled wrongly"
        ),
    )


def loss_that_does_not_fall(curve: Sequence[LossPoint], recipe: Training) -> TrainingFinding | None:
    """The last quarter of the training is no better than the first."""
    if len(curve) < _FEWEST_POINTS:
        return None
    quarter = len(curve) // 4
    before, after = (mean(point.loss for point in part) for part in (curve[:quarter], curve[-quarter:]))
    if after <= _FELL * before:
        return None
    rate = recipe.learning_rate
    likely = (
        f"a learning rate that is too high ({rate}: try a fifth of it), labels or pairs that contradict each other"
        if after > before / _FELL
        else f"nothing is left to learn (the loss was {before:.3f} from the start), a learning rate that is too low ({rate}: try "
        f"five times as much), columns that do not belong together"
    )
    return TrainingFinding(
        check="loss",
        message=(
            f"the loss did not fall: {before:.3f} in the first quarter of the training, {after:.3f} in the last. Likely, in this "
            f"order: {likely}, batches that are too small for the loss ({recipe.batch_size}). Look at rows with "
            f"`embtune data`, and at data.checks.labelNoise"
        ),
    )
