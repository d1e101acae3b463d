"""What only a folder has: files that people and dead processes leave, locks, reading without writing."""

import fcntl
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embtune_api.errors import StoreDenied, StoreError
from embtune_store import open_store
from embtune_store.folder import FolderStore
from embtune_store.os_failures import os_failures
from embtune_store.staging import staged_file, sweep, whole_file, whole_folder


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_reading_writes_nothing(store: FolderStore, tmp_path: Path) -> None:
    assert not store.exists("x")
    assert list(store.list("")) == []
    store.delete("x")
    assert list(tmp_path.iterdir()) == []


def test_two_processes_may_delete_one_object_at_once(store: FolderStore, tmp_path: Path) -> None:
    store.put("a/b/c", b"1")
    with ThreadPoolExecutor() as pool, (tmp_path / "store/.embtune/lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        deleting = pool.submit(store.delete, "a/b/c")
        time.sleep(0.2)  # it has seen the object, and waits for the lock
        shutil.rmtree(tmp_path / "store/a")
        fcntl.flock(lock, fcntl.LOCK_UN)
        deleting.result()
    assert list(store.list("")) == []


def test_objects_are_plain_files_that_others_can_use(store: FolderStore, tmp_path: Path) -> None:
    store.put("ns/line/x.json", b"{}")
    assert (tmp_path / "store/ns/line/x.json").read_bytes() == b"{}"
    assert store.local_path("ns/line") == tmp_path / "store/ns/line"


def test_the_store_keeps_its_own_files_out_of_sight(store: FolderStore) -> None:
    store.put("x", b"1")
    assert [each.key for each in store.list("")] == ["x"]
    for use in (lambda: store.put(".embtune/lock", b""), lambda: store.get(".embtune/lock")):
        with pytest.raises(StoreError, match="keeps its lock"):
            use()


def test_empty_folders_go_with_their_last_object(store: FolderStore, tmp_path: Path) -> None:
    store.put("a/b/c", b"1")
    store.put("a/d", b"1")
    store.delete("a/b/c")
    assert sorted(path.name for path in (tmp_path / "store/a").iterdir()) == ["d"]
    store.delete("a/d")
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == [".embtune"]


def test_threads_of_one_process_exclude_each_other(store: FolderStore) -> None:
    wins: list[int] = []

    def create(number: int) -> None:
        if store.create("k", str(number).encode()):
            wins.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(number).encode() for number in wins] == [store.get("k")]


def test_an_object_below_an_object_is_an_error_and_not_a_crash(store: FolderStore) -> None:
    store.put("a", b"1")
    assert not store.exists("a/b")
    with pytest.raises(StoreError, match="a/b in the store"):
        store.put("a/b", b"2")
    assert [each.key for each in store.list("")] == ["a"]


def test_a_relative_folder_opens_the_same_store_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("here")
    assert store.uri == str(tmp_path / "here")


def test_the_next_writer_removes_what_a_dead_one_left(tmp_path: Path) -> None:
    (tmp_path / ".dead.embtune-part").write_bytes(b"half")
    (tmp_path / ".dead.embtune-parts" / "deep").mkdir(parents=True)
    (tmp_path / "bystander").write_bytes(b"1")
    with whole_file(tmp_path / "x") as file:
        file.write(b"1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bystander", "x"]


def test_nobody_removes_what_is_being_written(tmp_path: Path) -> None:
    with staged_file(tmp_path) as (_, part), whole_folder(tmp_path / "y") as folder:
        sweep(tmp_path)
        assert part.exists()
        assert folder.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["y"]


def test_what_was_swept_before_it_was_locked_is_staged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = fcntl.flock
    locked: list[int] = []

    def sweep_first(file: object, operation: int) -> None:
        if not locked:
            next(tmp_path.glob("*.embtune-part")).unlink()
        locked.append(operation)
        lock(file, operation)  # type: ignore[arg-type]

    monkeypatch.setattr(fcntl, "flock", sweep_first)
    with whole_file(tmp_path / "x") as file:
        file.write(b"1")
    assert len(locked) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def fail_in_a_file() -> None:
        with whole_file(tmp_path / "x") as file:
            file.write(b"half")
            raise KeyError

    def fail_in_a_folder() -> None:
        with whole_folder(tmp_path / "y") as folder:
            (folder / "half").write_bytes(b"half")
            raise KeyError

    for fail in (fail_in_a_file, fail_in_a_folder):
        with pytest.raises(KeyError):
            fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written_is_denied() -> None:
    with pytest.raises(StoreDenied, match=r"may not read or write the store .* Change the owner"), os_failures("the store"):
        raise PermissionError(13, "Permission denied")
