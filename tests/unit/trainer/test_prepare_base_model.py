"""Where base models come from, and which of their files are kept. Bad ones: see test_prepare_bad_input."""

import json
from pathlib import Path
from typing import Any

import pytest

from embtune_api.base_model import BaseModelRef
from embtune_api.documents.prepare import ResolvedBase
from embtune_api.errors import EmbtuneError, Exit, InvalidInput
from embtune_store import folders, open_store
from embtune_store.protocol import Store
from embtune_trainer.prepare.base_model import resolve_base
from unit.trainer.prepare_world import write_base_model

KEPT = ["1_Pooling/config.json", "config.json", "model.safetensors", "modules.json", "tokenizer.json"]


def resolve(
    uri: str, store: Store, folder: Path | None = None, mirror: Path | None = None, secrets: Path | None = None
) -> ResolvedBase:
    """`secrets`: as in a pod."""
    reference, staged = BaseModelRef(uri=uri), "staged/{}".format
    return resolve_base(reference, store=store, namespace="team", staged=staged, folder=folder, mirror=mirror, secrets=secrets)


def test_a_folder_is_staged_without_what_nobody_needs(tmp_path: Path) -> None:
    store = open_store("memory://")
    write_base_model(tmp_path / "base")
    base = resolve("base", store, folder=tmp_path)
    assert [file.path for file in base.model.files] == KEPT
    assert sorted(stored.key for stored in store.list("staged")) == [f"staged/{base.model.digest}/{path}" for path in KEPT]
    folders.verify(store, base.model.prefix, base.model.files)
    assert base.model.fingerprints is None
    assert resolve("base", store, folder=tmp_path) == base


def test_a_transformer_in_a_folder_of_its_own(tmp_path: Path) -> None:
    modules = [{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}]
    weights = (write_base_model(tmp_path / "plain") / "model.safetensors").read_bytes()
    moved: dict[str, bytes | None] = {f"0_Transformer/{name}": b"{}" for name in ("config.json", "tokenizer.json")}
    gone: dict[str, bytes | None] = dict.fromkeys(("config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"))
    nested = {"modules.json": json.dumps(modules).encode(), "0_Transformer/model.safetensors": weights, **moved, **gone}
    write_base_model(tmp_path / "base", **nested)
    base = resolve("base", open_store("memory://"), folder=tmp_path)
    assert "0_Transformer/model.safetensors" in [file.path for file in base.model.files]


def test_the_mirror_comes_before_the_hub(tmp_path: Path) -> None:
    write_base_model(tmp_path / "org" / "name")
    write_base_model(tmp_path / "org" / "name@abc", **{"config.json": b'{"other": 1}'})
    store = open_store("memory://")
    plain = resolve("hf://org/name", store, mirror=tmp_path)
    pinned = resolve("hf://org/name@abc", store, mirror=tmp_path)
    assert (plain.uri, plain.revision) == ("hf://org/name", None)
    assert (pinned.uri, pinned.revision) == ("hf://org/name@abc", "abc")
    assert plain.model.digest != pinned.model.digest


def test_a_hub_that_cannot_be_reached_says_what_else_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InvalidInput) as refused:
        resolve("hf://org/name", open_store("memory://"), mirror=tmp_path / "mirror")
    message = str(refused.value)
    assert "\n" not in message
    for words in ("baseModel.uri: hf://org/name", "cannot be reached", "EMBTUNE_HUB_MIRROR", "local folder"):
        assert words in message


def test_the_remedy_names_the_place_where_the_mirror_is_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for uri in ("hf://org/name@v1.2", "hf://org/name"):
        with pytest.raises(InvalidInput) as refused:
            resolve(uri, open_store("memory://"), mirror=tmp_path / "mirror")
        place = str(refused.value).partition("<folder>/")[2].split()[0]
        write_base_model(tmp_path / "mirror" / place)
        assert resolve(uri, open_store("memory://"), mirror=tmp_path / "mirror").uri == uri


def test_a_pod_that_cannot_reach_the_hub_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EmbtuneError, match="the hub cannot be reached") as away:
        resolve("hf://org/name", open_store("memory://"), secrets=tmp_path)
    assert away.value.exit_code == Exit.FAILED


def answer(status: int, code: str) -> Any:
    from http.server import BaseHTTPRequestHandler

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    return Hub


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        pytest.param(404, "RepoNotFound", "check the spelling, or set HF_TOKEN", id="no such model"),
        pytest.param(403, "GatedRepo", "accept its terms", id="a gated model"),
        pytest.param(404, "RevisionNotFound", "no revision v9", id="no such revision"),
    ],
)
def test_what_the_hub_answers_becomes_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, code: str, says: str
) -> None:
    import threading
    from http.server import ThreadingHTTPServer

    with ThreadingHTTPServer(("127.0.0.1", 0), answer(status, code)) as hub:
        thread = threading.Thread(target=hub.serve_forever)
        thread.start()
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{hub.server_port}")
        monkeypatch.setattr("huggingface_hub.hf_api.api.endpoint", f"http://127.0.0.1:{hub.server_port}", raising=False)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
        try:
            with pytest.raises(InvalidInput, match=says):
                resolve("hf://org/name@v9", open_store("memory://"))
        finally:
            hub.shutdown()
            thread.join()
