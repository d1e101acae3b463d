"""A disk that is really full: a small one of its own."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embtune_api.errors import StoreFull
from embtune_store import Store, open_store
from embtune_store.folders import download_folder, materialize, upload_folder

MB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """4 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"this machine mounts no tmpfs: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "source" / "big"
    path.parent.mkdir()
    path.write_bytes(os.urandom(5 * MB))
    return path


WRITES: dict[str, Callable[[Store, Path], object]] = {
    "put": lambda store, big: store.put("k/x", big.read_bytes()),
    "create": lambda store, big: store.create("k/x", big.read_bytes()),
    "swap": lambda store, big: store.swap("k/x", big.read_bytes(), None),
    "upload": lambda store, big: store.upload(big, "k/x"),
    "copy": lambda store, _: store.copy("half", "k/x"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_full_store_says_so_and_recovers(small_disk: Path, big: Path, write: Callable[[Store, Path], object]) -> None:
    store = open_store(str(small_disk / "store"))
    store.put("half", bytes(5 * MB // 2))
    with pytest.raises(StoreFull, match=r"no room left for k/x .* Make room") as raised:
        write(store, big)
    assert "\n" not in str(raised.value)
    assert [each.key for each in store.list("")] == ["half"]
    assert store.get("half") == bytes(5 * MB // 2)
    assert store.create("k/small", bytes(MB)), "what did not fit is gone"
    store.delete("half")
    store.put("k/x", bytes(2 * MB))
    assert store.get("k/x") == bytes(2 * MB)


def test_a_full_target_keeps_nothing_half(small_disk: Path, big: Path, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store"))
    files = upload_folder(store, big.parent, "m")
    store.put("m/other", b"so that the folder must be copied")
    for fetch in (download_folder, materialize):
        with pytest.raises(StoreFull):
            fetch(store, "m", files, small_disk / "pulled")
        assert [path for path in small_disk.rglob("*") if path.is_file()] == []
