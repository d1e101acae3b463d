"""Geometry of the charts."""

from __future__ import annotations

import pytest

from embtune_operator.report.charts import WIDTH, Measure, line_chart, nice_ticks, share_chart, whisker_chart
from embtune_operator.report.pictures import smoothed


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        pytest.param(0.0, 1.0, [0.0, 0.25, 0.5, 0.75, 1.0], id="quarters"),
        pytest.param(0.0, 5e-5, [0.0, 2e-5, 4e-5, 6e-5], id="tiny"),
        pytest.param(-0.013, 0.047, [-0.02, 0.0, 0.02, 0.04, 0.06], id="across zero"),
        pytest.param(3.0, 3.0, [3.0, 4.0, 5.0, 6.0], id="no span"),
    ],
)
def test_ticks_are_round_and_span_the_values(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high, 4) == ticks


def test_a_line_goes_up_where_values_do() -> None:
    chart = line_chart("loss", "falls", [("loss", "candidate", [(1, 2.0), (2, 1.0), (3, 0.0)])])
    left, top, right, bottom = chart.frame
    assert chart.lines[0].points == f"{left}.0,{top}.0 {(left + right) / 2},{(top + bottom) / 2} {right}.0,{bottom}.0"


def test_whiskers_lie_in_the_picture_and_in_their_order() -> None:
    chart = whisker_chart("d", "d", [Measure("a", -0.1, 0.2, 0.9, "good"), Measure("b", 0.1, 0.1, 0.1, "bad")], mark=0.0)
    assert chart.mark
    for row in chart.rows:
        assert 0 < row.lower <= row.at <= row.upper < WIDTH
        assert row.y < chart.height
    assert chart.rows[0].lower < chart.mark.at < chart.rows[0].at


def test_shares_fill_the_bar() -> None:
    chart = share_chart("s", "s", [("better", "good", 10), ("alike", "plain", 989), ("worse", "bad", 1)])
    assert sum(part.width for part in chart.parts) == pytest.approx(WIDTH, abs=0.2)
    assert [part.label for part in chart.parts] == ["", "989", ""]


def test_smoothing_keeps_a_line_and_flattens_noise() -> None:
    line = [(float(n), float(n)) for n in range(40)]
    assert smoothed(line)[5:-5] == line[5:-5]
    noise = [(float(n), float(n % 2)) for n in range(100)]
    assert max(abs(value - 0.5) for _, value in smoothed(noise)[5:-5]) < 0.05
