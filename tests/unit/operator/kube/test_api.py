"""KubeApi against an HTTP server of ours that answers as API servers do on bad days."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from aiohttp import web

from embtune_operator.cluster import ClusterError
from embtune_operator.kube import connection
from embtune_operator.kube.api import KubeApi
from embtune_operator.kube.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    Missing,
    Unreachable,
    refusal,
)
from embtune_operator.kube.kinds import FINETUNEJOB, NAMESPACE, POD, PYTORCHJOB, SECRET

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]
SECRET_BODY: dict[str, Any] = {"metadata": {"name": "s", "namespace": "n"}}


class Server:
    """Gives its answers in order, the last one for ever; an answer of None closes the connection."""

    def __init__(self, *answers: Answer | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, str, str]] = []
        """Method, path with query, content type and body."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        self.asked.append((request.method, request.path_qs, request.headers.get("Content-Type", ""), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            assert request.transport
            request.transport.close()
            return web.Response()
        status, content, headers = (*answer, {}) if len(answer) == 2 else answer
        return web.Response(status=status, body=content if isinstance(content, bytes) else json.dumps(content), headers=headers)


def ask(server: Server, folder: Path, call: Callable[[KubeApi], Awaitable[T]]) -> T:
    async def scenario() -> T:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", server.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        api = await KubeApi.connect(kubeconfig(folder, f"http://{host}:{port}"))
        try:
            return await call(api)
        finally:
            await api.close()
            await runner.cleanup()

    return asyncio.run(scenario())


def kubeconfig(folder: Path, server: str) -> Path:
    file = folder / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    file.write_text(json.dumps(content))
    return file


def status(code: int, reason: str = "", message: str = "no") -> Answer:
    return code, {"kind": "Status", "reason": reason, "message": message}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PAUSES", (0.01, 0.01, 0.01))


@pytest.mark.parametrize(
    "bad",
    [status(429), status(500), status(503), status(504), None],
    ids=["too many requests", "internal error", "unavailable", "timed out inside", "connection closed"],
)
def test_every_call_is_tried_again(bad: Answer | None, tmp_path: Path) -> None:
    server = Server(bad, bad, (200, {"metadata": {}}))
    assert ask(server, tmp_path, lambda api: api.create(SECRET, SECRET_BODY)) == {"metadata": {}}
    assert [method for method, *_ in server.asked].count("POST") >= 3


def test_it_gives_up_after_a_few_tries_and_says_where(tmp_path: Path) -> None:
    server = Server(None)
    with pytest.raises(Unreachable, match=r"API server http://127.* does not answer GET /api/v1/namespaces/n/secrets/s"):
        ask(server, tmp_path, lambda api: api.get(SECRET, "n", "s"))
    refusing = Server(status(503, "ServiceUnavailable", "etcd is away"))
    with pytest.raises(Unreachable, match="read Secret n/s: etcd is away"):
        ask(refusing, tmp_path, lambda api: api.get(SECRET, "n", "s"))
    assert len(refusing.asked) == 4


def test_it_waits_as_long_as_the_server_asks_but_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    sleep = asyncio.sleep

    async def remembered(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", remembered)
    patient = (*status(429), {"Retry-After": "2"})
    endless = (*status(429), {"Retry-After": "3600"})
    ask(Server(patient, endless, (200, {})), tmp_path, lambda api: api.get(NAMESPACE, None, "n"))
    assert [seconds for seconds in waited if seconds] == [2.0, 5.0]


@pytest.mark.parametrize(
    ("code", "reason", "message", "error"),
    [
        (401, "Unauthorized", "Unauthorized", Forbidden),
        (403, "Forbidden", "exceeded quota: gpus", Forbidden),
        (400, "BadRequest", 'admission webhook "policy" denied the request: no', Forbidden),
        (422, "Invalid", "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", Forbidden),
        (422, "Invalid", "spec.nodes: Invalid value: 0", Invalid),
        (400, "BadRequest", "json: cannot unmarshal", Invalid),
        (404, "NotFound", "not found", Missing),
        (409, "AlreadyExists", "already exists", AlreadyExists),
        (409, "Conflict", "the object has been modified", Conflict),
        (418, "", "teapot", ClusterError),
    ],
)
def test_refusals_by_what_one_can_do_about_them(code: int, reason: str, message: str, error: type[ClusterError]) -> None:
    found = refusal("create Job n/j", code, json.dumps({"reason": reason, "message": message}).encode())
    assert type(found) is error
    assert str(found) == f"Kubernetes refused to create Job n/j: {message} (HTTP {code})"


def test_a_proxy_that_knows_no_status_is_quoted() -> None:
    assert "<html>bad gateway" in str(refusal("list pods", 418, b"<html>bad gateway"))


def test_what_is_gone_is_none_and_deleting_it_is_done(tmp_path: Path) -> None:
    assert ask(Server(status(404, "NotFound")), tmp_path, lambda api: api.get(SECRET, "n", "s")) is None
    ask(Server(status(404, "NotFound")), tmp_path, lambda api: api.delete(SECRET, "n", "s"))
    ask(Server(status(409, "Conflict")), tmp_path, lambda api: api.delete(SECRET, "n", "s", uid="other"))
    with pytest.raises(Conflict):
        ask(Server(status(409, "Conflict")), tmp_path, lambda api: api.delete(SECRET, "n", "s"))


def test_lists_are_read_page_by_page(tmp_path: Path) -> None:
    first, last = {"metadata": {"continue": "x/y"}, "items": [{"a": 1}, {"a": 2}]}, {"metadata": {}, "items": [{"a": 3}]}
    server = Server((200, first), (200, last))
    assert ask(server, tmp_path, lambda api: api.list(POD, "n", labels="a=b,c", fields="d=e")) == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert [path for _, path, *_ in server.asked] == [
        "/api/v1/namespaces/n/pods?limit=500&labelSelector=a%3Db,c&fieldSelector=d%3De",
        "/api/v1/namespaces/n/pods?limit=500&labelSelector=a%3Db,c&fieldSelector=d%3De&continue=x/y",
    ]


def test_a_list_that_took_too_long_starts_again(tmp_path: Path) -> None:
    first, whole = {"metadata": {"continue": "x"}, "items": [{"a": 1}]}, {"metadata": {}, "items": [{"a": 1}, {"a": 2}]}
    server = Server((200, first), status(410, "Expired"), (200, whole))
    assert ask(server, tmp_path, lambda api: api.list(POD)) == [{"a": 1}, {"a": 2}]


def test_patches_say_which_kind_they_are(tmp_path: Path) -> None:
    server, body = Server((200, {})), {**SECRET_BODY, "status": {"phase": "Pending"}}
    ask(server, tmp_path, lambda api: api.merge(SECRET, "n", "s", {"a": 1}, subresource="status"))
    ask(server, tmp_path, lambda api: api.apply_status(FINETUNEJOB, body))
    merge, apply = server.asked
    assert merge == ("PATCH", "/api/v1/namespaces/n/secrets/s/status", "application/merge-patch+json", '{"a": 1}')
    assert apply[1] == "/apis/embtune.dev/v1alpha1/namespaces/n/finetunejobs/s/status?fieldManager=embtune&force=true"
    assert apply[2] == "application/apply-patch+yaml"


def test_discovery_is_asked_once_a_minute(tmp_path: Path) -> None:
    server = Server((200, {"resources": [{"name": "pytorchjobs"}, {"name": "pytorchjobs/status"}]}))

    async def twice(api: KubeApi) -> list[bool]:
        return [await api.serves(PYTORCHJOB) for _ in range(2)]

    assert ask(server, tmp_path, twice) == [True, True]
    assert len(server.asked) == 1
    assert ask(Server(status(404)), tmp_path, lambda api: api.serves(PYTORCHJOB)) is False


@pytest.mark.parametrize("asks", ["list", "create"])
def test_a_kind_that_turns_out_to_be_gone_is_no_longer_believed_in(asks: str, tmp_path: Path) -> None:
    known = (200, {"resources": [{"name": "pytorchjobs"}]})
    server = Server(known, status(404), (200, {"resources": []}))

    async def scenario(api: KubeApi) -> bool:
        assert await api.serves(PYTORCHJOB)
        body = {"metadata": {"name": "p", "namespace": "n"}}
        asked = api.list(PYTORCHJOB, "n") if asks == "list" else api.create(PYTORCHJOB, body)
        with pytest.raises(Missing):
            await asked
        return await api.serves(PYTORCHJOB)

    assert ask(server, tmp_path, scenario) is False


def test_a_log_is_text(tmp_path: Path) -> None:
    server = Server((200, b"one\ntwo \xff\n"))
    assert ask(server, tmp_path, lambda api: api.pod_log("n", "p", 2)) == "one\ntwo \ufffd\n"
    assert server.asked[0][1] == "/api/v1/namespaces/n/pods/p/log?tailLines=2"


def test_no_configuration_is_said_in_one_paragraph(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="No cluster to talk to"):
        asyncio.run(KubeApi.connect(tmp_path / "nowhere"))
    (tmp_path / "odd").write_text("a: [")
    with pytest.raises(ClusterError, match="No cluster to talk to"):
        asyncio.run(KubeApi.connect(tmp_path / "odd"))
    with pytest.raises(ClusterError, match="No cluster to talk to"):
        asyncio.run(KubeApi.connect(kubeconfig(tmp_path, "http://127.0.0.1:1"), "another-context"))
