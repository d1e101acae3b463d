"""Which URI opens which store."""

import subprocess
import sys
from pathlib import Path

import pytest

from embtune_api.errors import InvalidInput
from embtune_store import open_store, probe


def test_a_folder_has_several_spellings(tmp_path: Path) -> None:
    folder = tmp_path / "my store"
    uris = [str(folder), f"{folder}/", f"file://{folder}", f"file://localhost{folder}", f"file://{tmp_path}/my%20store"]
    assert {open_store(uri).uri for uri in uris} == {str(folder)}


def test_a_store_opens_itself_again(tmp_path: Path) -> None:
    for uri in (str(tmp_path / "x"), "s3://bucket", "s3://bucket/a/b"):
        assert open_store(open_store(uri).uri).uri == open_store(uri).uri == uri
    assert open_store("s3://bucket/a/b/").uri == "s3://bucket/a/b"


@pytest.mark.parametrize("uri", ["", "s3://", "s3:///x", "s3://bucket/x?region=1", "gs://bucket", "memory://x", "file://host/x"])
def test_what_is_no_store_is_invalid_input(uri: str) -> None:
    with pytest.raises(InvalidInput, match="s3://bucket/prefix"):
        open_store(uri)


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="not a folder"):
        open_store(str(tmp_path / "file"))


def test_a_folder_that_does_not_exist_yet_passes_the_probe(tmp_path: Path) -> None:
    probe(open_store(str(tmp_path / "new")))


def test_memory_is_new_at_each_call() -> None:
    open_store("memory://").put("x", b"1")
    assert not open_store("memory://").exists("x")


def test_a_folder_needs_no_obstore(tmp_path: Path) -> None:
    code = f"import sys, embtune_store as s; s.open_store({str(tmp_path)!r}).put('x', b''); assert 'obstore' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
