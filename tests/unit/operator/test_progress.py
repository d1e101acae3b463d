"""What a running job says, on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from embtune_api.status import FineTuneJobStatus, Progress
from embtune_operator.cluster import Event
from embtune_operator.view.progress import LineView, LiveView


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
