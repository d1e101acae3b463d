"""Progress is for people to watch: work goes on when nobody can."""

import re

import pytest

from embtune_api.errors import StoreError
from embtune_api.status import Progress
from embtune_store import documents, open_store
from embtune_trainer.progress import progress_writer
from support.failing import Faults, failing_store


def test_a_store_that_takes_no_progress_for_a_while_stops_no_work() -> None:
    store = open_store("memory://")
    faults = Faults(lambda number, _: number == 0, StoreError)
    report = progress_writer(failing_store(store, faults), "progress.json", every=0)
    report(Progress(percent=10))
    assert not store.exists("progress.json")
    report(Progress(percent=20))
    assert documents.read(store, "progress.json", Progress) == Progress(percent=20)


def test_the_log_says_what_is_new_at_once_and_numbers_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    report = progress_writer(open_store("memory://"), "progress.json")
    report(Progress(message="loading the model"))
    for step in range(1, 8):
        report(Progress(percent=14 * step, step=step, total_steps=8, loss=0.5))
    report(Progress(percent=100, step=8, total_steps=8))
    lines = capsys.readouterr().out.splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)
    assert [line[9:] for line in lines] == ["  0 % loading the model", " 14 % step 1/8 · loss 0.500", "100 % step 8/8"]
