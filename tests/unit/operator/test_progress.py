"""What a running job says, on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from embtune_api.status import Attempt, FineTuneJobStatus, Phase, Progress, StepName
from embtune_operator.cluster import Event
from embtune_operator.view.progress import LineView, LiveView, phase_of


def test_lines_are_plain_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    view = LineView()
    view.tell(Event("Started", "train started"))
    view.show(FineTuneJobStatus(phase="Training", progress=Progress(percent=50, step=5, total_steps=10, loss=0.5)))
    view.tell(Event("Failed", "the command says this itself", failure=True))
    assert capsys.readouterr().err == "train started\nTraining    50 % step 5/10 · loss 0.500\n"


def test_a_terminal_is_told_at_once_that_ctrl_c_was_heard() -> None:
    screen = io.StringIO()
    with LiveView(Console(file=screen, force_terminal=True, width=100)) as view:
        view.show(FineTuneJobStatus(phase="Training", progress=Progress(step=5, total_steps=10)))
        view.tell(Event("Stopping", "saving a checkpoint, then stopping; Ctrl-C again ends now"))
        assert "saving a checkpoint, then stopping; Ctrl-C again ends now" in screen.getvalue()


@pytest.mark.parametrize(
    ("phase", "states", "expected"),
    [
        pytest.param("Pending", [], "Preparing", id="a job that has not begun is preparing"),
        pytest.param("Queued", [("prepare", "Succeeded"), ("train", "Queued")], "Training", id="a queued training"),
        pytest.param("Suspended", [("prepare", "Succeeded"), ("train", "Failed")], "Training", id="a suspended training"),
        pytest.param(
            "Queued", [("evaluate", "Queued"), ("publish", "Succeeded")], "Evaluating", id="an evaluation after publishing"
        ),
    ],
)
def test_a_job_that_waits_shows_where(phase: Phase, states: list[tuple[StepName, str]], expected: Phase) -> None:
    attempts = [Attempt.model_validate({"step": step, "number": 1, "state": state}) for step, state in states]
    assert phase_of(FineTuneJobStatus(phase=phase, attempts=attempts)) == expected
