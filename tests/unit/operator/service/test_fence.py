"""Nothing is written by who does not lead."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from embtune_api.errors import NotFound, StoreError
from embtune_operator.service.fence import Fence, FencedStore, NotLeading
from embtune_operator.service.metrics import Metrics
from embtune_store.objects import MemoryStore


@dataclass
class Leadership:
    leads: bool = True

    def still(self) -> bool:
        return self.leads


@pytest.fixture
def leadership() -> Leadership:
    return Leadership()


@pytest.fixture
def store(leadership: Leadership) -> FencedStore:
    return FencedStore(MemoryStore(), Fence(leadership.still), Metrics())


def test_the_leader_reads_and_writes(store: FencedStore, tmp_path: Path) -> None:
    store.put("a", b"1")
    assert store.create("b", b"2")
    assert store.get("a") == b"1"
    store.download("a", tmp_path / "a")
    store.upload(tmp_path / "a", "c")
    store.copy("c", "d")
    assert {found.key for found in store.list("")} == {"a", "b", "c", "d"}
    store.delete("d")
    assert not store.exists("d")


def test_who_leads_no_longer_reads_and_writes_nothing(store: FencedStore, leadership: Leadership, tmp_path: Path) -> None:
    store.put("a", b"1")
    tagged = store.get_tagged("a")
    assert tagged
    leadership.leads = False
    file = tmp_path / "file"
    file.write_bytes(b"2")
    writes: list[Callable[[], object]] = [
        lambda: store.put("a", b"2"),
        lambda: store.create("b", b"2"),
        lambda: store.swap("a", b"2", tagged.tag),
        lambda: store.delete("a"),
        lambda: store.upload(file, "a"),
        lambda: store.copy("a", "b"),
    ]
    for write in writes:
        with pytest.raises(NotLeading, match="another operator leads now"):
            write()
    assert store.get("a") == b"1"
    assert not store.exists("b")


def test_a_failure_of_the_store_is_counted_and_an_object_that_is_not_there_is_none() -> None:
    class Broken(MemoryStore):
        def exists(self, key: str) -> bool:
            raise StoreError(f"no answer about {key}")

    metrics = Metrics()
    store = FencedStore(Broken(), Fence(lambda: True), metrics)
    with pytest.raises(NotFound):
        store.get("a")
    with pytest.raises(StoreError):
        store.exists("a")
    errors = {
        s.labels["operation"]: s.value for m in metrics.store_errors.collect() for s in m.samples if s.name.endswith("_total")
    }
    assert errors == {"exists": 1}
