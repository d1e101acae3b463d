"""Files of the hub's data sets: from a mirror, and through the hub's own client from a server that speaks its routes."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from embtune_api.errors import InvalidInput
from embtune_api.sources import DataSource
from embtune_api.split import Split
from embtune_store import open_store
from embtune_trainer.prepare.hub import HubAway, read_data_file
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.sources import read_sources
from unit.trainer.prepare_world import some_pairs

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROWS = "".join(json.dumps(row) + "\n" for row in some_pairs(5)).encode()
URI = "hf://datasets/org/name@main/data/train.jsonl"


class Hub(BaseHTTPRequestHandler):
    """`/datasets/<name>/resolve/<revision>/<path>`, as the hub answers it for a small file."""

    tokens: ClassVar[list[str | None]] = []

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        if self.path.startswith("/datasets/"):  # the client asks for things of its own, too, and shows nobody's token there
            self.tokens.append(self.headers.get("Authorization"))
        found = self.path.startswith("/datasets/org/name/resolve/") and self.path.endswith("/data/train.jsonl")
        self.send_response(200 if found else 404)
        self.send_header("X-Repo-Commit", COMMIT)
        if not found:
            self.send_header("X-Error-Code", "EntryNotFound" if "/org/name/" in self.path else "RepoNotFound")
        self.send_header("ETag", '"abc"')
        self.send_header("Content-Length", str(len(ROWS) if found else 0))
        self.end_headers()
        if with_body and found:
            self.wfile.write(ROWS)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Hub]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Hub.tokens.clear()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    for module in ("constants", "file_download"):
        monkeypatch.setattr(f"huggingface_hub.{module}.HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    yield Hub
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_commit_is_resolved_and_the_token_shown(hub: type[Hub]) -> None:
    found = read_data_file(URI, "hf_secret", None, "data.train[0]")
    assert (found.content, found.revision) == (ROWS, COMMIT)
    assert set(hub.tokens) == {"Bearer hf_secret"}


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("hf://datasets/org/name/data/other.jsonl", "no such file in it"),
        ("hf://datasets/org/missing/data/train.jsonl", "the hub has no such data set"),
    ],
    ids=["a file that is not there", "a data set that is not there"],
)
def test_what_is_missing_is_told(uri: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        read_data_file(uri, None, None, "data.train[0]")


@pytest.mark.parametrize(
    "uri",
    ["hf://datasets/org/name", "hf://datasets/org/name/../secret", "hf://org/name/file.csv"],
    ids=["no file", "a way out", "a model"],
)
def test_an_address_that_names_no_file_is_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="hf://datasets/org/name/file"):
        read_data_file(uri, None, tmp_path, "data.train[0]")


def test_a_hub_that_is_away_may_answer_another_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(HubAway, match="EMBTUNE_HUB_MIRROR"):
        read_data_file(URI, None, None, "data.train[0]")


def test_a_mirror_comes_before_the_hub_and_rows_are_read_as_from_anywhere(tmp_path: Path) -> None:
    file = tmp_path / "datasets" / "org" / "name@main" / "data" / "train.jsonl"
    file.parent.mkdir(parents=True)
    file.write_bytes(ROWS)
    outside = Outside(open_store("memory://"), mirror=tmp_path)
    data = read_sources([DataSource(uri=URI)], Split(), None, outside)
    assert [row.where for row in data.rows] == [f"{URI}:{line}" for line in range(1, 6)]
    assert (data.sources[0].revision, data.sources[0].size) == ("main", len(ROWS))
