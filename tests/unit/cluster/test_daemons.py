"""Processes that outlive their starter are ended by their own id, and never a stranger that got the same one."""

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cluster import daemons


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(daemons, "PIDS", tmp_path)
    monkeypatch.setattr(daemons, "LOGS", tmp_path)
    yield tmp_path
    daemons.stop("sleeper")


def test_a_daemon_is_alive_until_it_is_stopped(folders: Path) -> None:
    assert not daemons.alive("sleeper")
    daemons.start("sleeper", ["sleep", "300"])
    assert daemons.alive("sleeper")
    daemons.stop("sleeper")
    assert not daemons.alive("sleeper")
    assert not (folders / "sleeper").exists()


def test_a_note_of_an_earlier_process_with_the_same_id_ends_nobody(folders: Path) -> None:
    daemons.start("sleeper", ["sleep", "300"])
    note = json.loads((folders / "sleeper").read_text())
    (folders / "stranger").write_text(json.dumps({**note, "born": note["born"] - 60}))
    daemons.stop("stranger")
    assert daemons.alive("sleeper")


def test_one_that_does_not_heed_is_made_to_end(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemons, "STOP_SECONDS", 0.5)
    daemons.start("sleeper", ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"])
    daemons.wait_until(lambda: "deaf" in daemons.end_of_log("sleeper"), "the trap", 10)
    process = psutil.Process(json.loads((folders / "sleeper").read_text())["pid"])
    daemons.stop("sleeper", gently=True)
    assert daemons.has_ended(process)


def test_waiting_for_what_has_ended_shows_its_log() -> None:
    daemons.start("sleeper", ["sh", "-c", "echo no such file; exit 1"])
    with pytest.raises(RuntimeError, match="no such file"):
        daemons.wait_until(lambda: False, "it", 10, "sleeper")
