"""Which charts the page has, from the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.report.charts import Measure, line_chart, share_chart, whisker_chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.reports import TrainingReport
    from embtune_api.training_record import ValidationReport
    from embtune_operator.report.charts import Chart, Tone
    from embtune_operator.report.duel import Duel
    from embtune_operator.report.slices import Slice
    from embtune_operator.report.standing import Match
    from embtune_operator.view.score_table import Role

_TONES: dict[str, Tone] = {"base": "base", "candidate": "candidate", "champion": "rival"}


def score_pictures(duel: Duel | None, match: Match | None, roles: Sequence[Role]) -> list[Chart]:
    """Scores, their difference, and how many queries changed."""
    if duel is None or match is None:
        return []
    with_bounds = [(role, role.bounds[duel.metric]) for role in roles if duel.metric in role.bounds]
    measures = [
        Measure(role.name, found.lower, found.value, found.upper, _TONES[role.name.split()[0]]) for role, found in with_bounds
    ]
    told = "; ".join(f"{made.name} {made.value:.3f}, bounds {made.lower:.3f} to {made.upper:.3f}" for made in measures)
    difference = duel.difference
    tone: Tone = "good" if difference.lower > 0 else "bad" if difference.upper < 0 else "plain"
    apart = Measure("candidate less rival", difference.lower, difference.value, difference.upper, tone)
    what = "pairs" if duel.of_pairs else "queries"
    parts: list[tuple[str, Tone, int]] = [
        ("better", "good", match.better),
        ("as before", "plain", match.alike),
        ("worse", "bad", match.worse),
    ]
    pictures: list[Chart] = [whisker_chart(f"{match.metric} of each model", told, measures)] if measures else []
    return [
        *pictures,
        whisker_chart(
            f"{match.metric}: the candidate less {match.rival}",
            f"{difference.value:+.3f}, bounds {difference.lower:+.3f} to {difference.upper:+.3f}; the dashed line is no "
            "difference",
            [apart],
            mark=0.0,
            sign="+",
        ),
        share_chart(
            f"{match.queries:,} {what}, against {match.rival}",
            f"{match.better:,} better, {match.alike:,} as before, {match.worse:,} worse",
            parts,
        ),
    ]


def slice_picture(slices: Sequence[Slice], match: Match) -> list[Chart]:
    """Differences of the slices that can be judged."""
    judged = [(made, made.difference) for made in slices if made.difference]
    if not judged:
        return []
    tones: dict[str, Tone] = {"worse": "bad", "better": "good"}
    measures = [
        Measure(made.name, found.lower, made.change, found.upper, tones.get(made.told, "plain")) for made, found in judged
    ]
    told = "; ".join(f"{made.name}: {made.told}" for made, _ in judged)
    return [whisker_chart(f"{match.metric} on each slice: the candidate less {match.rival}", told, measures, mark=0.0, sign="+")]


def training_pictures(report: TrainingReport | None) -> list[Chart]:
    """Loss and learning rate over the steps."""
    if report is None or not report.curve:
        return []
    first, last = report.curve[0], report.curve[-1]
    main = [point for point in report.curve if point.auxiliary is None]
    loss = [(float(point.step), point.loss) for point in main]
    rate = [(float(point.step), point.learning_rate) for point in report.curve]
    norm = [(float(point.step), point.grad_norm) for point in report.curve]
    of_validation = report.validation.points if report.validation else []
    told = f"from {main[0].loss:.3f} at step {main[0].step:,} to {main[-1].loss:.3f} at step {main[-1].step:,}"
    curves: list[tuple[str, Tone, list[tuple[float, float]]]] = [
        ("training, each step", "plain", loss),
        ("training, mean of the steps around", "candidate", smoothed(loss)),
        ("validation", "bad", [(float(point.step), point.loss) for point in of_validation]),
    ]
    if of_validation:
        told += f"; on the validation rows from {of_validation[0].loss:.3f} to {of_validation[-1].loss:.3f}"
    highest = max(value for _, value in rate)
    return [
        line_chart("Loss of the main rows" if report.auxiliary else "Loss", told, curves),
        *_auxiliary_pictures(report),
        *_validation_picture(report.validation),
        line_chart("Learning rate", f"rises to {highest:g}, ends at {last.learning_rate:g}", [("learning rate", "rival", rate)]),
        line_chart(
            "Length of the gradient",
            f"from {first.grad_norm:.3f} to {last.grad_norm:.3f}, before it is cut to training.maxGradNorm",
            [("gradient", "base", norm)],
        ),
    ]


def _auxiliary_pictures(report: TrainingReport) -> list[Chart]:
    """The loss of each auxiliary set, in a picture of its own: losses of two kinds are not to be compared."""
    charts: list[Chart] = []
    for course in report.auxiliary:
        loss = [(float(point.step), point.loss) for point in report.curve if point.auxiliary == course.name]
        if not loss:
            continue
        told = f"from {loss[0][1]:.3f} at step {loss[0][0]:,.0f} to {loss[-1][1]:.3f} at step {loss[-1][0]:,.0f}"
        curves: list[tuple[str, Tone, list[tuple[float, float]]]] = [
            ("each batch", "plain", loss),
            ("mean of the batches around", "candidate", smoothed(loss)),
        ]
        charts.append(line_chart(f"Loss of {course.name}: {course.loss}", told, curves))
    return charts


def _validation_picture(report: ValidationReport | None) -> list[Chart]:
    """The metric that early stopping goes by."""
    if report is None or not report.points or report.metric == "loss":
        return []
    scores = [(float(point.step), point.score) for point in report.points]
    best = max(value for _, value in scores)
    title = f"{report.metric} on validation rows"
    return [line_chart(title, f"at best {best:.3f}, at step {report.best_step:,}", [(report.metric, "candidate", scores)])]


def smoothed(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Each value as the mean of itself and its neighbours, a twentieth of all to either side; fewer at the ends."""
    reach = max(1, len(points) // 20)
    means = []
    for number, (x, _) in enumerate(points):
        around = [value for _, value in points[max(0, number - reach) : number + reach + 1]]
        means.append((x, sum(around) / len(around)))
    return means
