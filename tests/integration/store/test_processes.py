"""Several real processes at once, and processes that are killed."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from embtune_store import Store, open_store

RACER = Path(__file__).with_name("racer.py")
MB = 1 << 20


class Racer:
    def __init__(self, uri: str, name: str) -> None:
        self.name = name
        self.process = subprocess.Popen([sys.executable, str(RACER), uri, name], stdin=-1, stdout=-1, text=True, bufsize=1)

    def order(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def racers(uri: str, count: int) -> Iterator[Sequence[Racer]]:
    running = [Racer(uri, f"racer-{number}") for number in range(count)]
    try:
        yield running
    finally:
        for racer in running:
            racer.process.kill()
            racer.process.communicate()


@pytest.mark.parametrize("count", [2, 4])
def test_one_process_alone_creates(shared_store: Store, count: int) -> None:
    with racers(shared_store.uri, count) as running:
        for number in range(30):
            for racer in running:
                racer.order(f"create round/{number}")
            answers = {racer.name: racer.answer() for racer in running}
            winner = shared_store.get(f"round/{number}").decode()
            assert answers == {racer.name: str(racer.name == winner) for racer in running}


@pytest.mark.parametrize("count", [2, 4])
def test_a_counter_loses_nothing(shared_store: Store, count: int) -> None:
    with racers(shared_store.uri, count) as running:
        for racer in running:
            racer.order("count counter 25")
        assert [racer.answer() for racer in running] == ["True"] * count
    assert shared_store.get("counter") == str(25 * count).encode()


def test_kill_9_in_the_middle_of_an_upload_leaves_nothing(tmp_path: Path) -> None:
    store, big = open_store(str(tmp_path / "store")), tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(200 * MB)
    with racers(store.uri, 1) as (racer,):
        racer.order(f"upload {big} k/big")
        wait_for(lambda: files_of(store) and max(path.stat().st_size for path in files_of(store)) > 5 * MB)
        racer.process.kill()
        racer.process.wait()
    assert not store.exists("k/big")
    assert list(store.list("")) == []
    assert sum(path.stat().st_size for path in files_of(store)) > 5 * MB, "it was killed too late"
    store.upload(big, "k/big")
    assert [each.size for each in store.list("")] == [200 * MB]
    assert [path.name for path in files_of(store) if path.stat().st_size < 200 * MB] == ["lock"]


def test_kill_9_at_any_moment_shows_the_old_or_the_new(tmp_path: Path) -> None:
    store, chance = open_store(str(tmp_path / "store")), random.Random(7)
    old, new = b"old" * MB, b"new" * (2 * MB)
    (tmp_path / "new").write_bytes(new)
    for _ in range(8):
        store.put("k", old)
        with racers(store.uri, 1) as (racer,):
            racer.order(f"count warm 1\nupload {tmp_path / 'new'} k")
            racer.answer()
            time.sleep(chance.random() * 0.03)
        assert store.get("k") in (old, new)
        assert {each.key for each in store.list("")} == {"k", "warm"}


def files_of(store: Store) -> list[Path]:
    return [path for path in Path(store.uri).rglob("*") if path.is_file()]


def wait_for(condition: object, seconds: float = 30) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except FileNotFoundError:
            continue
        time.sleep(0.001)
    raise AssertionError("it never happened")
