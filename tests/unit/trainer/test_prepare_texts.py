"""When two texts are the same text, and what a fingerprint remembers of it."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embtune_api.errors import Tampered
from embtune_store import open_store
from embtune_trainer.prepare import fingerprints, jsonl
from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.prepare.rows import make_row
from factories import a_file

SAME = {
    "casing": ("Show Help", "show help"),
    "punctuation": ("Show help!", "show, help"),
    "symbols of the keyboard": ("a + b = $c", "a b c"),
    "white space": (" show \t help\n", "show help"),
    "full-width letters": ("\uff33\uff48\uff4f\uff57 help", "Show help"),
    "composed and decomposed accents": ("caf\u00e9", "cafe\u0301"),
    "German sharp s": ("STRASSE", "stra\u00dfe"),
    "invisible characters": ("show\u200b he\u00adlp\ufeff", "show help"),
    "typographic quotes": ("\u201cdon\u2019t\u201d", '"don\'t"'),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_texts_that_are_the_same(one: str, other: str) -> None:
    assert normalise(one) == normalise(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("show help", "show helps", id="another word"),
        pytest.param("!!", "??", id="nothing but punctuation"),
        pytest.param("cafe", "caf\u00e9", id="an accent"),
    ],
)
def test_texts_that_are_not(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text())
def test_only_blank_texts_become_empty(text: str) -> None:
    assert bool(normalise(text)) == bool(text.strip())


@given(st.lists(st.dictionaries(st.text(max_size=3), st.text()), max_size=4))
def test_lines_survive_every_reader(records: list[dict[str, str]]) -> None:
    data = jsonl.to_bytes(records)
    assert jsonl.from_bytes(data) == records
    assert len(data.decode().splitlines()) == len(records)


def test_a_fingerprint_is_the_head_of_a_sha256() -> None:
    expected = int.from_bytes(hashlib.sha256(b"showhelp").digest()[:8], "little")
    assert fingerprints.fingerprint("Show help!") == expected


def test_fingerprints_know_both_sides_of_a_pair() -> None:
    rows = [make_row("Show help", "ls --help", None, None, "a", 1), make_row("List files", "ls", None, None, "a", 2)]
    seen = fingerprints.of_rows(rows)
    queries = ["SHOW HELP?", "list all files", "LS", "list-files", "Ls, help"]
    assert fingerprints.seen_queries(seen, queries).tolist() == [True, False, True, True, True]
    assert fingerprints.seen_queries(seen, []).tolist() == []
    assert len(seen) == 4


def test_fingerprints_are_sorted_little_endian_integers() -> None:
    store = open_store("memory://")
    one, other = np.array([3, 2**63 + 1], dtype=np.uint64), np.array([1, 3], dtype=np.uint64)
    store.put("f.bin", fingerprints.to_bytes(fingerprints.merge(one, other)))
    assert store.get("f.bin") == b"".join(number.to_bytes(8, "little") for number in (1, 3, 2**63 + 1))
    assert fingerprints.read(store, a_file("f.bin", store.get("f.bin"))).tolist() == [1, 3, 2**63 + 1]


def test_fingerprints_that_were_cut_short_are_refused() -> None:
    store = open_store("memory://")
    store.put("f.bin", b"1234567")
    with pytest.raises(Tampered, match=r"f\.bin: 7 bytes"):
        fingerprints.read(store, a_file("f.bin", b"1234567"))
    with pytest.raises(Tampered, match=r"f\.bin .* 7 bytes with sha256 .* are there, not the 8 bytes"):
        fingerprints.read(store, a_file("f.bin", b"12345678"))


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=30))
def test_texts_of_ascii_are_normalised_as_all_others_are(text: str) -> None:
    """They take a shorter way, which one other letter closes."""
    assert normalise(f"a {text} é") == f"{normalise(f'a {text}')} é"
