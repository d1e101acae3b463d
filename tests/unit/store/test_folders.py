"""Folders that come back as they were, beyond what `tests/integration/store/test_contract.py` asks of every store."""

import os
from pathlib import Path

import pytest

from embtune_api.documents.files import FileEntry
from embtune_api.errors import InvalidInput, StoreError, Tampered
from embtune_store import Store, open_store
from embtune_store.folders import download_folder, materialize, read_verified, upload_folder, verify


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "deep").mkdir(parents=True)
    (folder / "weights").write_bytes(b"weights")
    (folder / "deep" / "config").write_bytes(b"config")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_one_file_is_verified_when_it_is_read(store: Store, model: Path) -> None:
    (file,) = [each.below("m") for each in upload_folder(store, model, "m") if each.path == "weights"]
    assert read_verified(store, file) == b"weights"
    for damaged in (b"", b"weightz"):
        store.put(file.key, damaged)
        with pytest.raises(Tampered, match=r"^m/weights .* that its manifest lists"):
            read_verified(store, file)
    store.delete(file.key)
    with pytest.raises(Tampered, match="it is missing"):
        read_verified(store, file)


def test_links_are_followed_as_in_a_hub_cache(store: Store, model: Path) -> None:
    (model / "link").symlink_to(model / "weights")
    files = upload_folder(store, model, "m")
    assert [each.path for each in files] == ["deep/config", "link", "weights"]
    assert store.get("m/link") == b"weights"


def test_a_folder_store_is_read_in_place(store: Store, model: Path, tmp_path: Path) -> None:
    files = upload_folder(store, model, "m")
    assert materialize(store, "m", files, tmp_path / "cache") == tmp_path / "store" / "m"
    store.put("m/README.md", b"a version's card, which nothing loads")
    assert materialize(store, "m", files, tmp_path / "cache") == tmp_path / "store" / "m"
    assert not (tmp_path / "cache").exists()


def test_a_folder_with_a_stranger_in_it_is_not_used_in_place(store: Store, model: Path, tmp_path: Path) -> None:
    files = upload_folder(store, model, "m")
    store.put("m/pytorch_model.bin", b"not published")
    verify(store, "m", files)
    here = materialize(store, "m", files, tmp_path / "cache")
    assert here == tmp_path / "cache"
    assert names(here) == ["deep/config", "weights"]


def test_what_is_there_already_is_kept_and_the_rest_put_right(model: Path, tmp_path: Path) -> None:
    store, cache = open_store("memory://"), tmp_path / "cache"
    files = upload_folder(store, model, "m")
    materialize(store, "m", files, cache)
    before = (cache / "weights").stat()
    (cache / "deep/config").write_bytes(b"damage")
    (cache / "stranger").write_bytes(b"x")
    materialize(store, "m", files, cache)
    assert (cache / "weights").stat().st_ino == before.st_ino
    assert (cache / "deep/config").read_bytes() == b"config"
    assert names(cache) == ["deep/config", "weights"]


def test_a_download_is_done_once_and_never_overwrites(store: Store, model: Path, tmp_path: Path) -> None:
    files = upload_folder(store, model, "m")
    target = tmp_path / "out" / "pulled"
    download_folder(store, "m", files, target)
    inode = target.stat().st_ino
    download_folder(store, "m", files, target)
    assert target.stat().st_ino == inode
    (target / "mine").write_text("precious")
    with pytest.raises(InvalidInput, match="holds something else"):
        download_folder(store, "m", files, target)
    assert (target / "mine").read_text() == "precious"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["pulled"]


def test_an_empty_folder_is_a_fine_target(store: Store, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = upload_folder(store, model, "m")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    download_folder(store, "m", files, Path("empty"))
    assert names(tmp_path / "empty") == ["deep/config", "weights"]


def test_a_folder_that_is_there_stays_the_same_folder(store: Store, model: Path, tmp_path: Path) -> None:
    files = upload_folder(store, model, "m")
    target = tmp_path / "here"
    target.mkdir()
    inode = target.stat().st_ino
    assert download_folder(store, "m", files, target)
    assert target.stat().st_ino == inode
    assert names(target) == ["deep/config", "weights"]
    assert not download_folder(store, "m", files, target)


def test_a_folder_that_was_only_half_filled_is_completed(store: Store, model: Path, tmp_path: Path) -> None:
    files = upload_folder(store, model, "m")
    target = tmp_path / "here"
    (target / "deep").mkdir(parents=True)
    (target / "deep" / "config").write_bytes((model / "deep" / "config").read_bytes())
    (target / ".0.embtune-parts").mkdir()
    (target / ".0.embtune-part").touch()
    (target / ".0.embtune-parts" / "weights").write_bytes(b"hal")
    assert download_folder(store, "m", files, target)
    assert names(target) == ["deep/config", "weights"]


def test_a_damaged_source_leaves_an_empty_folder_empty(store: Store, model: Path, tmp_path: Path) -> None:
    files = upload_folder(store, model, "m")
    store.put("m/weights", b"others")
    target = tmp_path / "here"
    target.mkdir()
    with pytest.raises(Tampered):
        download_folder(store, "m", files, target)
    assert list(target.iterdir()) == []


def test_a_file_in_the_way_is_invalid_input(store: Store, model: Path, tmp_path: Path) -> None:
    files = upload_folder(store, model, "m")
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="Give the name of a new folder"):
        download_folder(store, "m", files, tmp_path / "file")


@pytest.mark.parametrize("path", ["../escaped", "/escaped", "a/../../escaped"])
def test_a_forged_manifest_cannot_write_elsewhere(store: Store, tmp_path: Path, path: str) -> None:
    forged = [FileEntry(path=path, size=1, sha256="0" * 64)]
    with pytest.raises(StoreError, match="distrust the manifest"):
        download_folder(store, "m", forged, tmp_path / "out" / "pulled")
    with pytest.raises(StoreError, match="distrust the manifest"):
        materialize(open_store("memory://"), "m", forged, tmp_path / "out" / "cache")
    assert not [name for name in names(tmp_path) if "escaped" in name]


def test_an_upload_says_what_it_wrote(store: Store, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(os.urandom(3 << 20))
    entry = FileEntry(path="x", **vars(store.upload(tmp_path / "x", "m/x")))
    verify(store, "m", [entry])
