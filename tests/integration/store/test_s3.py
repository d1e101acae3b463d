"""What only S3 has: lost answers, refused credentials, servers that are not there."""

import time
from collections.abc import Callable, Iterator

import pytest

import embtune_store.s3
from embtune_api.errors import InvalidInput, NotFound, StoreDenied, StoreError, StoreFull
from embtune_store import Store, open_store, probe
from servers.fixtures import reach
from servers.lossy_proxy import Answer, LossyProxy, lose_answer, lose_request, lossy_proxy, refuse
from servers.processes import free_port
from servers.s3_server import S3Server


@pytest.fixture(params=["minio", "versitygw"])
def server(request: pytest.FixtureRequest) -> S3Server:
    server: S3Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def proxy(server: S3Server) -> Iterator[LossyProxy]:
    with lossy_proxy(server.endpoint) as proxy:
        yield proxy


@pytest.fixture
def direct(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Store:
    return open_store(reach(server, monkeypatch))


@pytest.fixture
def store(direct: Store, proxy: LossyProxy, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The same store as `direct`, by way of the proxy."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
    return open_store(direct.uri)


def test_a_create_whose_answer_is_lost_is_ours(store: Store, proxy: LossyProxy) -> None:
    proxy.mishaps.extend([lose_answer, lose_answer])
    assert store.create("k", b"ours")
    assert store.get("k") == b"ours"


def test_a_swap_whose_answer_is_lost_is_ours(store: Store, direct: Store, proxy: LossyProxy) -> None:
    direct.put("k", b"1")
    seen = store.get_tagged("k")
    assert seen is not None
    proxy.mishaps.append(lose_answer)
    assert store.swap("k", b"2", seen.tag)
    assert direct.get("k") == b"2"


def test_a_lost_request_is_made_again(store: Store, proxy: LossyProxy) -> None:
    proxy.mishaps.extend([lose_request, refuse(503, "SlowDown")])
    assert store.create("k", b"ours")
    assert store.get("k") == b"ours"


def test_who_loses_the_race_after_a_lost_request_is_told_so(store: Store, direct: Store, proxy: LossyProxy) -> None:
    def overtaken(forward: Callable[[], Answer]) -> None:  # noqa: ARG001
        direct.create("k", b"theirs")

    proxy.mishaps.append(overtaken)
    assert not store.create("k", b"ours")
    assert store.get("k") == b"theirs"


def test_a_collision_of_two_requests_is_nobodys_win(store: Store, proxy: LossyProxy) -> None:
    proxy.mishaps.extend([refuse(409, "ConditionalRequestConflict")] * 2)
    assert store.create("k", b"ours")


def test_a_put_whose_answer_is_lost_is_made_again(store: Store, proxy: LossyProxy) -> None:
    proxy.mishaps.append(lose_answer)
    store.put("k", b"1")
    assert store.get("k") == b"1"


def test_a_full_server_says_so(store: Store, proxy: LossyProxy) -> None:
    proxy.mishaps.append(refuse(403, "QuotaExceeded"))
    with pytest.raises(StoreFull, match="Make room"):
        store.create("k", b"1")
    assert store.create("k", b"1")


def test_a_copy_too_large_for_the_server_goes_through_us(direct: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    direct.put("source", bytes(9 << 20))
    monkeypatch.setattr(embtune_store.s3, "LARGEST_COPY", 100)
    direct.copy("source", "target")
    assert direct.get("target") == bytes(9 << 20)
    with pytest.raises(NotFound):
        direct.copy("none", "target")


@pytest.mark.parametrize("variable", ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"])
def test_refused_credentials_are_found_before_any_work(
    server: S3Server, direct: Store, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "wrong")
    refused = open_store(direct.uri)
    asks: list[Callable[[], object]] = [lambda: probe(refused), lambda: refused.get("k"), lambda: refused.create("k", b"1")]
    for ask in asks:
        with pytest.raises(StoreDenied) as raised:
            ask()
        message = str(raised.value)
        assert "refused the credentials" in message
        assert "AWS_SECRET_ACCESS_KEY" in message
        assert f"AWS_ENDPOINT_URL is {server.endpoint}" in message
        assert "\n" not in message


def test_a_missing_bucket_is_found_before_any_work(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    reach(server, monkeypatch)
    store = open_store("s3://no-such-bucket/x")
    asks: list[Callable[[], object]] = [lambda: probe(store), lambda: store.put("k", b"")]
    for ask in asks:
        with pytest.raises(StoreDenied, match="Create the bucket"):
            ask()


def test_a_server_that_is_not_there_is_told_within_20_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = S3Server(f"http://127.0.0.1:{free_port()}", "a", "b", "tests")
    store, started = open_store(reach(nowhere, monkeypatch)), time.monotonic()
    with pytest.raises(StoreError, match=r"cannot be reached.*Check that the server runs"):
        probe(store)
    monkeypatch.setattr(embtune_store.s3, "PATIENCE", 1.0)
    with pytest.raises(StoreError, match="cannot be reached"):
        store.create("k", b"1")
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("endpoint", ["localhost:9000", "http://", "ftp://host", "http://host:port"])
def test_an_endpoint_that_is_no_url_is_invalid_input(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(InvalidInput, match="which is no URL"):
        open_store("s3://tests/x")
