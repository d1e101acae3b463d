"""Credentials that are mounted, replaced and revoked while a store is used; against a real MinIO with its STS."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import embtune_store.access
import embtune_store.rotating
from embtune_api.credentials import CREDENTIALS_FILE, FOLDER_VARIABLE, StoreCredentials
from embtune_api.errors import StoreDenied, StoreError
from embtune_store import Store, documents, open_store
from embtune_store.access import MountedCredentials
from servers.fixtures import reach
from servers.lossy_proxy import lossy_proxy, refuse
from servers.minio_sessions import mount, new_session, revoke_sessions, with_user
from servers.s3_server import S3Server


@dataclass(frozen=True)
class Mounted:
    """A step's view: a store, and the folder with its credentials."""

    server: S3Server
    user: S3Server
    folder: Path
    uri: str

    def open(self) -> Store:
        return open_store(self.uri)

    def renew(self) -> None:
        mount(self.folder, new_session(self.user))

    def revoke(self) -> None:
        revoke_sessions(self.server, self.user)


@pytest.fixture
def mounted(minio: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mounted:
    uri = reach(minio, monkeypatch)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "not the way to the store")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "mounted"))
    user = with_user(minio)
    mounted = Mounted(minio, user, tmp_path / "mounted", uri)
    mounted.renew()
    return mounted


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embtune_store.rotating, "PATIENCE", 1.0)
    monkeypatch.setattr(embtune_store.access, "ABSENCE_SECONDS", 0.5)


def everything(store: Store, folder: Path) -> None:
    """Each method once; what it finds is what it should be."""
    large = folder / "large"
    large.write_bytes(os.urandom(9 << 20))
    store.put("a", b"1")
    assert store.get("a") == b"1"
    assert store.create("b", b"2")
    tagged = store.get_tagged("b")
    assert tagged is not None
    assert store.swap("b", b"3", tagged.tag)
    written = store.upload(large, "c/large")
    assert written.size == 9 << 20
    assert b"".join(store.chunks("c/large")) == large.read_bytes()
    store.copy("c/large", "c/copy")
    store.download("c/copy", folder / "back")
    assert (folder / "back").read_bytes() == large.read_bytes()
    assert {stored.key for stored in store.list("c")} == {"c/large", "c/copy"}
    assert store.exists("a")
    for key in ("a", "b", "c/large", "c/copy"):
        store.delete(key)
    assert not store.exists("a")


def test_the_mounted_credentials_are_used_and_no_others(mounted: Mounted, tmp_path: Path) -> None:
    everything(mounted.open(), tmp_path)


def test_a_session_that_is_replaced_and_revoked_is_not_noticed(mounted: Mounted, tmp_path: Path) -> None:
    store = mounted.open()
    store.put("a", b"1")
    mounted.revoke()
    mounted.renew()
    everything(store, tmp_path)


@pytest.mark.parametrize("method", ["get", "get_tagged", "put", "create", "swap", "exists", "chunks", "list", "copy", "delete"])
def test_every_request_waits_for_new_credentials_when_the_old_ones_are_revoked(mounted: Mounted, method: str) -> None:
    store = mounted.open()
    store.put("a", b"1")
    tagged = store.get_tagged("a")
    assert tagged is not None
    requests: dict[str, Callable[[], object]] = {
        "get": lambda: store.get("a"),
        "get_tagged": lambda: store.get_tagged("a"),
        "put": lambda: store.put("a", b"2"),
        "create": lambda: store.create("new", b"2"),
        "swap": lambda: store.swap("a", b"2", tagged.tag),
        "exists": lambda: store.exists("a"),
        "chunks": lambda: list(store.chunks("a")),
        "list": lambda: list(store.list("")),
        "copy": lambda: store.copy("a", "b"),
        "delete": lambda: store.delete("a"),
    }
    mounted.revoke()
    kubelet = threading.Timer(1.0, mounted.renew)
    kubelet.start()
    started = time.monotonic()
    requests[method]()
    kubelet.join()
    assert time.monotonic() - started >= 0.9, "it was not revoked"


def test_readers_and_writers_go_on_while_sessions_come_and_go(mounted: Mounted) -> None:
    store, ended, failures = mounted.open(), threading.Event(), list[Exception]()

    def work(number: int) -> None:
        try:
            done = 0
            while not ended.is_set() or done < 5:
                store.put(f"{number}", str(done).encode())
                assert store.get(f"{number}") == str(done).encode()
                done += 1
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    for _ in range(4):
        time.sleep(0.4)
        mounted.revoke()
        time.sleep(0.2)
        mounted.renew()
    ended.set()
    for worker in workers:
        worker.join()
    assert failures == []


@pytest.mark.usefixtures("impatient")
def test_credentials_that_nobody_replaces_are_no_fault_of_the_job(mounted: Mounted) -> None:
    store = mounted.open()
    mounted.revoke()
    with pytest.raises(StoreError, match="have not been replaced") as raised:
        store.get("a")
    assert not isinstance(raised.value, StoreDenied), "that would be final"
    secret = MountedCredentials(mounted.folder)()
    assert secret.secret_access_key not in str(raised.value)
    assert (secret.session_token or "") not in str(raised.value)


def test_a_policy_that_refuses_is_told_at_once(mounted: Mounted) -> None:
    nothing = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::x/*"]}]}'
    )
    mount(mounted.folder, new_session(mounted.user, nothing))
    started = time.monotonic()
    with pytest.raises(StoreDenied, match="AccessDenied"):
        mounted.open().get("a")
    assert time.monotonic() - started < 5


@pytest.fixture
def expired(mounted: Mounted, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A server that says what AWS says when a session has ended."""
    with lossy_proxy(mounted.server.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        proxy.mishaps.append(refuse(400, "ExpiredToken"))
        yield open_store(mounted.uri)


def test_an_expired_token_is_replaced(mounted: Mounted, expired: Store) -> None:
    kubelet = threading.Timer(0.6, mounted.renew)
    kubelet.start()
    expired.put("a", b"1")
    kubelet.join()
    assert expired.get("a") == b"1"


def test_a_file_that_is_gone_for_a_moment(mounted: Mounted) -> None:
    store = mounted.open()
    store.put("a", b"1")
    (mounted.folder / CREDENTIALS_FILE).unlink()
    time.sleep(0.3)
    assert store.get("a") == b"1"
    later = threading.Timer(0.5, mounted.renew)
    later.start()
    assert mounted.open().get("a") == b"1", "a new process waits for it"
    later.join()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("content", [None, b"", b'{"access_key_id": "a"}', b'{"secret_access_key": "hush", "access_key_id": 1}'])
def test_a_folder_without_credentials_is_told(mounted: Mounted, content: bytes | None) -> None:
    file = mounted.folder / CREDENTIALS_FILE
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StoreDenied, match=r"no credentials for the store: .*credentials\.json") as raised:
        mounted.open()
    assert "hush" not in str(raised.value)


def test_credentials_do_not_show_their_secrets() -> None:
    held = StoreCredentials(
        access_key_id="known", secret_access_key="hush", session_token="hush", expires_at=datetime.now(UTC) + timedelta(hours=1)
    )
    assert "hush" not in repr(held)
    assert "hush" not in str(held)
    assert b"hush" in documents.as_json(held)
