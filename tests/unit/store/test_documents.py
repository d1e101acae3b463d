"""Documents as JSON in a store."""

import pytest

from embtune_api.documents.prepare import ResolvedSource
from embtune_api.documents.publish import Claim
from embtune_api.errors import StoreError
from embtune_api.sources import Columns
from embtune_store import Store, documents, open_store

CLAIM = Claim(job_uid="größer", digest="d")


@pytest.fixture
def store() -> Store:
    return open_store("memory://")


def test_a_document_comes_back(store: Store) -> None:
    assert documents.read(store, "k", Claim) is None
    assert documents.create(store, "k", CLAIM)
    assert not documents.create(store, "k", CLAIM)
    assert documents.read(store, "k", Claim) == CLAIM


def test_people_can_read_and_diff_it(store: Store) -> None:
    documents.put(store, "k", CLAIM)
    assert store.get("k").decode() == '{\n  "digest": "d",\n  "job_uid": "größer"\n}\n'


def test_resources_inside_keep_the_spelling_of_yaml(store: Store) -> None:
    source = ResolvedSource(uri="u", sha256="s", size=1, rows=1, columns=Columns(anchor="a", positive="b"))
    documents.put(store, "k", source)
    assert documents.read(store, "k", ResolvedSource) == source


def test_a_swap_needs_the_tag(store: Store) -> None:
    assert documents.swap(store, "k", CLAIM, None)
    seen = documents.read_tagged(store, "k", Claim)
    assert seen is not None
    assert seen.document == CLAIM
    later = Claim(job_uid="other", digest="d")
    assert documents.swap(store, "k", later, seen.tag)
    assert not documents.swap(store, "k", CLAIM, seen.tag)
    assert documents.read(store, "k", Claim) == later


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"job_uid": 1, "digest": "d"}', b'{"job_uid": "u"}', b"\xff"])
def test_a_broken_document_is_named(store: Store, data: bytes) -> None:
    store.put("ns/line/claim.json", data)
    with pytest.raises(StoreError, match=r"ns/line/claim\.json in the store memory:// is not a sound Claim"):
        documents.read(store, "ns/line/claim.json", Claim)
