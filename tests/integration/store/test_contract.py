"""What every store promises, asked of each: memory, a folder, MinIO, and a second S3 server."""

import hashlib
import os
from pathlib import Path

import pytest

from embtune_api.errors import NotFound, StoreError, Tampered
from embtune_store import Store, StoredObject, open_store, probe
from embtune_store.folders import copy_folder, download_folder, materialize, upload_folder, verify

AWKWARD = ["a b/c d.txt", "größe/模型.json", "100%/x%20y", "a+b/c&d=e?f", "v#1", ".hidden/x", "deep/" * 20 + "x", "~"]


def test_what_was_put_is_read_back_and_overwritten(store: Store) -> None:
    for data in (b"one", b"", b"three" * 1000):
        store.put("k/x", data)
        assert store.get("k/x") == data
        assert b"".join(store.chunks("k/x")) == data


def test_a_missing_object_is_not_found(store: Store, tmp_path: Path) -> None:
    assert not store.exists("k/none")
    assert store.get_tagged("k/none") is None
    store.delete("k/none")
    for ask in (
        lambda: store.get("k/none"),
        lambda: list(store.chunks("k/none")),
        lambda: store.copy("k/none", "k/other"),
        lambda: store.download("k/none", tmp_path / "x"),
    ):
        with pytest.raises(NotFound, match="no object k/none"):
            ask()
    assert not store.exists("k/other")
    assert not (tmp_path / "x").exists()


def test_a_folder_is_not_an_object(store: Store) -> None:
    store.put("k/folder/x", b"1")
    assert not store.exists("k/folder")
    assert store.get_tagged("k/folder") is None


def test_only_the_first_creates(store: Store) -> None:
    assert store.create("k/x", b"first")
    assert not store.create("k/x", b"second")
    assert not store.create("k/x", b"first"), "the same bytes do not make a second winner"
    assert store.get("k/x") == b"first"


def test_a_swap_needs_the_tag_of_what_is_there(store: Store) -> None:
    assert store.swap("k/x", b"1", None)
    assert not store.swap("k/x", b"2", None)
    first = store.get_tagged("k/x")
    assert first is not None
    assert first.data == b"1"
    assert store.swap("k/x", b"2", first.tag)
    assert not store.swap("k/x", b"3", first.tag)
    assert store.get("k/x") == b"2"


def test_a_swap_of_what_was_deleted_is_refused(store: Store) -> None:
    store.put("k/x", b"1")
    seen = store.get_tagged("k/x")
    assert seen is not None
    store.delete("k/x")
    assert not store.swap("k/x", b"2", seen.tag)
    assert not store.exists("k/x")


def test_a_list_is_of_one_folder(store: Store) -> None:
    for key in ("line/versions/1/a", "line/versions/10/b", "line/versions/1/deep/c", "line/versions/1x"):
        store.put(key, b"12")
    found = sorted(store.list("line/versions/1"), key=lambda each: each.key)
    assert found == [StoredObject("line/versions/1/a", 2), StoredObject("line/versions/1/deep/c", 2)]
    assert len(list(store.list(""))) == 4
    assert list(store.list("nobody")) == []
    assert list(store.list("line/versions/1/a")) == []


def test_a_long_list_is_whole(store: Store) -> None:
    for number in range(1100):
        store.put(f"many/{number}", b"")
    assert len(list(store.list("many"))) == 1100


@pytest.mark.parametrize("key", AWKWARD)
def test_a_key_may_hold_any_letter(store: Store, key: str) -> None:
    assert store.create(key, b"1")
    assert not store.create(key, b"2")
    store.copy(key, f"copy/{key}")
    assert store.get(key) == store.get(f"copy/{key}") == b"1"
    assert {each.key for each in store.list("")} == {key, f"copy/{key}"}
    store.delete(key)
    assert [each.key for each in store.list("")] == [f"copy/{key}"]


@pytest.mark.parametrize("key", ["", "/x", "x/", "a//b", "../x", "a/../b", ".", "a\nb", "x" * 1025])
def test_a_key_never_leads_elsewhere(store: Store, key: str) -> None:
    with pytest.raises(StoreError, match="cannot be the name"):
        store.put(key, b"1")
    with pytest.raises(StoreError, match="cannot be the name"):
        store.get(key)


def test_a_copy_is_a_copy(store: Store) -> None:
    store.put("k/source", b"1")
    store.put("k/target", b"0")
    store.copy("k/source", "k/target")
    store.put("k/source", b"2")
    assert store.get("k/target") == b"1"


def test_two_prefixes_are_two_stores(store: Store) -> None:
    if store.uri == "memory://":
        pytest.skip("memory has no prefixes")
    one, other = open_store(f"{store.uri}/one"), open_store(f"{store.uri}/other")
    one.put("k", b"1")
    assert not other.exists("k")
    assert [each.key for each in one.list("")] == ["k"]
    assert open_store(store.uri).get("one/k") == b"1"


def test_a_store_that_can_be_used_passes_the_probe(store: Store) -> None:
    probe(store)


@pytest.mark.parametrize("size", [0, 1, 8 << 20, (20 << 20) + 3])
def test_files_go_in_and_out_whatever_their_size(store: Store, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "in").write_bytes(data)
    written = store.upload(tmp_path / "in", "k/file")
    assert (written.size, written.sha256) == (size, hashlib.sha256(data).hexdigest())
    store.download("k/file", tmp_path / "out" / "file")
    assert (tmp_path / "out" / "file").read_bytes() == data
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["file"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(os.urandom(100_000))
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "read me é.md").write_text("hello")
    return folder


def test_a_folder_comes_back_byte_by_byte(store: Store, model: Path, tmp_path: Path) -> None:
    files = upload_folder(store, model, "v/1/model")
    assert [each.path for each in files] == ["1_Pooling/config.json", "model.safetensors", "read me é.md"]
    verify(store, "v/1/model", files)
    copy_folder(store, "v/1/model", "v/2/model", files)
    verify(store, "v/2/model", files)
    here = materialize(store, "v/2/model", files, tmp_path / "cache")
    download_folder(store, "v/2/model", files, tmp_path / "pulled")
    for folder in (here, tmp_path / "pulled"):
        assert content(folder) == content(model)


@pytest.mark.parametrize("damage", ["one bit", "shorter", "missing"])
def test_tampering_is_found_by_every_reader(store: Store, model: Path, tmp_path: Path, damage: str) -> None:
    files = upload_folder(store, model, "m")
    data = bytearray(store.get("m/model.safetensors"))
    data[5000] ^= 1
    if damage == "missing":
        store.delete("m/model.safetensors")
    else:
        store.put("m/model.safetensors", bytes(data) if damage == "one bit" else bytes(data[:-1]))
    for read in (
        lambda: verify(store, "m", files),
        lambda: materialize(store, "m", files, tmp_path / "cache"),
        lambda: download_folder(store, "m", files, tmp_path / "pulled"),
    ):
        with pytest.raises(Tampered, match=r"m/model\.safetensors .* is not what was published"):
            read()
    assert not (tmp_path / "pulled").exists()


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
