"""What the experiments of a diagnosis mean: causes, each with the number that speaks for it and the line of the job to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from embtune_api.base import Document
from embtune_api.losses import LOSS_SHAPES, MARGINS

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.diagnosis import Change, Measured
    from embtune_api.reports import DataReport, Finding
    from embtune_api.training import Training

LEARNT = 0.8
"""Share of what can be learnt from one batch, by which a sound training has learnt it."""
FELL = 0.002
"""Share of the loss of other rows, by which it must fall in the short run, and the edge grow: less is nothing."""
_ERRORS = 2.0
"""Standard errors by which the edge must grow."""
_NOTHING_LEFT = 0.01
"""Share of the loss that all-alike vectors have, below which there is nothing left to learn."""
_CONTRADICTED = 0.1
"""Share of what could be learnt from a batch that is lost to rows which contradict each other."""
_NO_BETTER = 0.9
"""Of the loss of all-alike vectors: above it, the untrained model finds nothing in the pairs."""
_LITTLE_LEARNS = 0.01
"""Share of the weights"""
_SMALL_BATCH = 16
_RANKING = sorted(name for name, shapes in LOSS_SHAPES.items() if "pairs" in shapes and "MSE" not in name)
_OF_DATA = {
    "label-noise": "data: {checks: {labelNoise: Fix}}",
    "conflicts": "data: {checks: {conflicts: Fix}}",
    "near-duplicates": "data: {checks: {nearDuplicates: Fix}}",
    "duplicates": "data: {checks: {duplicates: Fix}}",
    "wordless": "data: {checks: {wordless: Fix}}",
    "out-of-scope": "data: {checks: {outOfScope: Fix}}",
    "language": "data: {checks: {languageMix: Fix}}",
    "language/declared": "data: {checks: {languageMix: Fix}}",
    "truncated/training": "training: {maxSeqLength: …}, as many tokens as the texts have",
    "truncated/published": "another base model, which reads longer texts; or shorter texts",
    "too-few/rows": "more rows",
    "too-few/batch": "training: {batchSize: …}, no more than there are rows",
    "too-few/labels": "more rows of the rare labels",
    "fragmentation": "another base model, which knows these words",
    "fragmentation/unknown": "another base model, which knows these words",
    "imbalance": "data: {balance: {}}",
}
"""Findings of `prepare` that may keep a training from learning, the likeliest first, and what to change."""


CauseName = Literal[
    "model",
    "contradictions",
    "learning rate too high",
    "learning rate too low",
    "nothing left to learn",
    "one batch",
    "rows that do not belong together",
    "gradient/dead",
    "gradient/exploding",
    "margin",
    "does not fall",
    "data",
]


class Cause(Document):
    """Something that keeps the training from learning, or may."""

    name: CauseName
    wrong: bool
    """False: worth knowing, and no reason to call the training broken."""
    seen: str
    """With the number that speaks for it."""
    change: str
    """What to do: the line of the job, where there is one."""


@dataclass(frozen=True)
class Case:
    """What is known of a training."""

    seen: Measured
    recipe: Training
    """Every value explicit."""
    report: DataReport | None = None

    @property
    def rate(self) -> float:
        assert self.recipe.learning_rate is not None
        return self.recipe.learning_rate

    @property
    def learns(self) -> bool:
        """The short run carries over to rows that it has not seen."""
        return has_fallen(self.seen.run.unseen)

    @property
    def unseen(self) -> Change:
        return self.seen.run.unseen


def has_fallen(change: Change) -> bool:
    """By more than nothing, and not since all vectors became alike: more than chance would have it."""
    return change.fell >= FELL and gains(change)


def gains(change: Change) -> bool:
    """What belongs together is told apart better than before."""
    return change.gained >= max(_ERRORS * change.error, FELL * abs(change.before))


def causes_of(case: Case) -> list[Cause]:
    """Everything that was noticed, the likeliest cause first; what is only worth knowing at the end.

    The order is that in which one explains away the next: vectors that are no vectors; a batch that cannot be learnt; a rate at
    which nothing is learnt; a loss that has nothing left; rows that do not belong together; the course of the gradient; and what
    `prepare` said about the data.
    """
    found = [cause for rule in _RULES if (cause := rule(case))]
    if not case.learns and not any(cause.wrong for cause in found):
        found.append(_does_not_fall(case))
    found += _of_the_data(case)
    return sorted(found, key=lambda cause: not cause.wrong)


def _model(case: Case) -> Cause | None:
    if not case.seen.faults:
        return None
    fatal = case.seen.consistency.shortest is None or "fp16" not in case.seen.faults[0]
    return Cause(name="model", wrong=fatal, seen=f"the base model: {case.seen.faults[0]}", change="another baseModel")


def _contradictions(case: Case) -> Cause | None:
    """Rows of one batch that ask for different things of the same texts."""
    one = case.seen.one_batch
    can, lost = one.start - one.floor_if_distinct, one.floor - one.floor_if_distinct
    if can <= 0 or lost < _CONTRADICTED * can:
        return None
    return Cause(
        name="contradictions",
        wrong=not case.learns,
        seen=f"in one batch of {one.rows} rows the same texts are asked for different things: no model comes below a loss of "
        f"{one.floor:.3f}, which would be {one.floor_if_distinct:.3f} if no text came twice",
        change="data: {checks: {conflicts: Fix, duplicates: Fix}}, and look at rows with the same texts and other scores",
    )


def _one_batch(case: Case) -> Cause | None:
    """Not even one batch is learnt by heart, at a rate that was found for it."""
    one, tuned = case.seen.one_batch, case.seen.tuned
    if one.learnt >= LEARNT or _nothing_left(case):
        return None
    seen = (
        f"one batch of {one.rows} rows was not learnt by heart in {one.steps} steps: the loss came from {one.start:.3f} to "
        f"{one.reached:.3f}, and could come to {one.floor:.3f} ({one.learnt:.0%} of the way)"
    )
    if tuned.share < _LITTLE_LEARNS:
        change = f"training: {{tune: …}}: {tuned.share:.2%} of the weights learn; freeze less, or take a higher lora.rank"
    elif case.seen.sweep.suggested is None:
        change = "another baseModel: at no rate does anything move; or see which gradients are zero, below"
    else:
        change = "another baseModel, or one with more layers that learn: this one cannot tell these texts apart"
    return Cause(name="one batch", wrong=not case.learns, seen=seen, change=change)


def _margin(case: Case) -> Cause | None:
    """Unit vectors are at most 2 apart."""
    margin = case.recipe.loss.explicit_margin if case.recipe.loss.name in MARGINS else 0.0
    if "Triplet" not in case.recipe.loss.name or not case.seen.unit_length or margin <= 2:
        return None
    return Cause(
        name="margin",
        wrong=False,
        seen=f"the loss asks for distances that differ by {margin:g}, and the model's vectors, of length 1, are at most 2 apart: "
        f"it cannot come below {case.seen.one_batch.floor:.3f}",
        change="training: {loss: {margin: 0.5}}",
    )


def _too_high(case: Case) -> Cause | None:
    sweep, run = case.seen.sweep, case.seen.run
    edge = sweep.diverged or sweep.high
    if edge is None or case.rate <= (sweep.high or edge):
        return None
    bad = run.broke is not None or not case.learns
    beyond = sweep.diverged is not None and case.rate >= sweep.diverged
    if not bad and not beyond:
        where = f"above {sweep.high:.1e}, from where on a training is at the edge"
    else:
        where = f"the loss falls apart at {edge:.1e}" if sweep.diverged else f"it was lowest at {sweep.lowest:.1e}"
    outcome = run.broke or _course(case)
    return Cause(
        name="learning rate too high",
        wrong=bad or beyond,
        seen=f"learningRate {case.rate:.1e}: {where}; {outcome}",
        change=_rate(case),
    )


def _too_low(case: Case) -> Cause | None:
    sweep = case.seen.sweep
    if sweep.low is None or case.rate >= sweep.low:
        return None
    return Cause(
        name="learning rate too low",
        wrong=not case.learns,
        seen=f"learningRate {case.rate:.1e}: below {sweep.low:.1e} {case.seen.total_steps} steps learn nothing to speak of; "
        f"{_course(case)}",
        change=_rate(case),
    )


def _nothing_left_to_learn(case: Case) -> Cause | None:
    if not _nothing_left(case):
        return None
    unseen = case.unseen
    return Cause(
        name="nothing left to learn",
        wrong=not case.learns,
        seen=f"the untrained model has a loss of {unseen.before:.4f}, where vectors that are all alike have "
        f"{case.seen.run.all_alike:.3f}",
        change="data: {mine: {}} for harder negatives, a larger training.batchSize, or keep the base model",
    )


def _pairs_that_do_not_belong(case: Case) -> Cause | None:
    """It learns what it sees, and that says nothing about other rows."""
    run = case.seen.run
    if gains(run.unseen) or run.trained.fell < FELL or _too_high(case) or _too_low(case) or _nothing_left(case):
        return None
    chance = run.unseen.before >= _NO_BETTER * run.all_alike and case.recipe.loss.name in _RANKING
    base = f"; the untrained model finds no more in them than if all texts were alike ({run.all_alike:.3f})" if chance else ""
    return Cause(
        name="rows that do not belong together",
        wrong=True,
        seen=f"the loss of rows that were trained on fell by {run.trained.fell:.1%}; of others, what belongs together is told "
        f"apart no better than before (edge {run.unseen.edge:+.3f}, then {run.unseen.gained:+.3f}){base}",
        change="data: {train: [{columns: …}]}: look at pairs with `embtune data JOB.yaml`: are these the right columns, and was "
        "one of them sorted alone? Then data: {checks: {labelNoise: Fix}}",
    )


def _gradient(case: Case) -> Cause | None:
    """By the rules that look at every training's end."""
    for finding in case.seen.run.findings:
        if finding.check == "gradient/dead":
            change = "training: {precision: fp32}; or leave a margin out that is kept"
            return Cause(name="gradient/dead", wrong=not case.learns, seen=finding.message, change=change)
        if finding.check == "gradient/exploding":
            change = f"{_rate(case)}; or training: {{warmupRatio: 0.2, maxGradNorm: 0.5}}"
            return Cause(name="gradient/exploding", wrong=not case.learns, seen=finding.message, change=change)
    return None


def _does_not_fall(case: Case) -> Cause:
    """Nothing else explains it."""
    small = case.seen.batch_size < _SMALL_BATCH and case.recipe.loss.name in _RANKING
    more = f"training: {{batchSize: {2 * _SMALL_BATCH}}}; " if small else ""
    return Cause(
        name="does not fall",
        wrong=True,
        seen=f"one batch is learnt, and the recipe does not carry over: {_course(case)}",
        change=f"{more}{_rate(case)}; more rows, and rows that agree with each other",
    )


def _of_the_data(case: Case) -> list[Cause]:
    """What `prepare` found and left as it was."""
    report = case.report
    if report is None:
        return []
    kept = [finding for finding in report.findings if finding.check in _OF_DATA and finding.action == "kept"]
    order = list(_OF_DATA)
    return [_of_finding(finding, report) for finding in sorted(kept, key=lambda finding: order.index(finding.check))]


def _of_finding(finding: Finding, report: DataReport) -> Cause:
    share = f"{finding.rows / max(1, report.rows_used):.1%} of the rows: "
    seen = f"{finding.check}, {share}{finding.message}"
    return Cause(name="data", wrong=False, seen=seen, change=_OF_DATA[finding.check])


def _nothing_left(case: Case) -> bool:
    one, run = case.seen.one_batch, case.seen.run
    floor = min(one.floor, one.floor_if_distinct)
    return abs(run.unseen.before - floor) <= _NOTHING_LEFT * abs(run.all_alike - floor)


def _rate(case: Case) -> str:
    suggested = case.seen.sweep.suggested
    return f"training: {{learningRate: {suggested:.0e}}}" if suggested else "training: {learningRate: 2e-5}"


def _course(case: Case) -> str:
    """Of the loss of rows that were not trained on."""
    unseen, steps = case.unseen, case.seen.run.steps
    if unseen.after is None:
        return f"after {steps} steps the loss of other rows was no number"
    return f"the loss of {unseen.rows} other rows came from {unseen.before:.4g} to {unseen.after:.4g} in {steps} steps"


_RULES: tuple[Callable[[Case], Cause | None], ...] = (
    _model,
    _contradictions,
    _too_high,
    _too_low,
    _nothing_left_to_learn,
    _one_batch,
    _pairs_that_do_not_belong,
    _gradient,
    _margin,
)
