"""Mining without a model: what is known, what is near, which rules a negative keeps, and a cache that is never trusted."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from embtune_api.keys import LineKeys
from embtune_api.mine import Mine
from embtune_store import open_store
from embtune_trainer.embedding_cache import EmbeddingCache, text_digest
from embtune_trainer.evaluate.ranking import unit
from embtune_trainer.prepare.mining.choose import Tally, read_by, shortlist
from embtune_trainer.prepare.mining.known import KnownAnswers
from embtune_trainer.prepare.mining.search import Nearest, nearest
from embtune_trainer.prepare.rows import Row, make_row

TEXTS = ["list files", "List files!", "ls", "ls -a", "dry run", "dry-run", "LS", "make"]
PAIRS = st.tuples(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.sampled_from([None, "a", "b"]))


def plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def is_known(rows: list[Row], anchor: str, text: str) -> bool:
    """By definition, row by row."""
    if plain(anchor) == plain(text):
        return True
    labels = {row.label for row in rows if plain(row.anchor) == plain(anchor)} - {None}
    return any(
        (plain(row.anchor), plain(row.positive)) in [(plain(anchor), plain(text)), (plain(text), plain(anchor))]
        or (row.label in labels and plain(row.positive) == plain(text))
        for row in rows
    )


@given(st.lists(PAIRS, min_size=1, max_size=12))
def test_what_is_known_is_what_the_rows_say(pairs: list[tuple[str, str, str | None]]) -> None:
    rows = [make_row(anchor, positive, label, None, "a", n) for n, (anchor, positive, label) in enumerate(pairs, 1)]
    known = KnownAnswers(rows, [make_row(text, "", None, None, "a", 1).query for text in TEXTS])
    for row in rows:
        wanted = [number for number, text in enumerate(TEXTS) if is_known(rows, row.anchor, text)]
        assert known.of(row.query).tolist() == wanted


def some_vectors(count: int, seed: int) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).standard_normal((count, 8)).astype(np.float32))


@pytest.mark.parametrize("at_once", [1, 100, 16_000_000], ids=["a query a block", "a few a block", "one block"])
def test_the_nearest_are_those_of_a_full_sort(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr("embtune_trainer.prepare.mining.search.SCORES_AT_ONCE", at_once)
    queries, candidates = some_vectors(20, 1), np.repeat(some_vectors(15, 2), 2, axis=0)  # every candidate twice: ties
    known = [np.array(random.Random(query).sample(range(30), 27 if query == 3 else 5)) for query in range(20)]
    done: list[int] = []
    for near in nearest(queries, candidates, 10, known.__getitem__, done.append):
        scores = np.round(queries[near.query] @ candidates.T, 5)
        left = sorted(set(range(30)) - set(known[near.query]), key=lambda number: (-scores[number], number))
        assert near.candidates.tolist() == left[:10]
        assert np.allclose(near.similarities, scores[left[:10]], atol=2e-5)
    assert done[-1] == 20


def near_of(*similarities: float) -> Nearest:
    return Nearest(0, np.arange(len(similarities)), np.array(similarities, dtype=np.float32))


SIMILARITIES = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
LETTERS = list("abcdef")


@pytest.mark.parametrize(
    ("mine", "chosen", "dropped"),
    [
        pytest.param({"margin": {}}, "abcdef", {}, id="no rule"),
        pytest.param({}, "cdef", {"margin": 2}, id="5 % below the positive, if nothing is said"),
        pytest.param({"margin": {"absolute": 0.15}}, "def", {"margin": 3}, id="an absolute margin"),
        pytest.param({"margin": {"absolute": 0.01, "relative": 0.5}}, "f", {"margin": 5}, id="of two margins the wider"),
        pytest.param({"margin": {}, "range": {"min": 2, "max": 6}}, "cdef", {"range": 2}, id="the nearest passed over"),
        pytest.param({"margin": {}, "maxScore": 0.6, "minScore": 0.5}, "de", {"maxScore": 3, "minScore": 1}, id="scores"),
    ],
)
def test_rules(mine: dict[str, object], chosen: str, dropped: dict[str, int]) -> None:
    tally = Tally()
    wanted = Mine.model_validate({"perQuery": 6, **mine})
    short = shortlist(make_row("q", "p", None, None, "a", 1), 0.8, near_of(*SIMILARITIES), LETTERS, wanted, tally)
    assert "".join(LETTERS[number] for number in short.candidates) == chosen
    assert {rule: count for rule, count in tally.dropped.items() if count} == dropped


def test_random_is_by_hash_and_top_by_similarity() -> None:
    rows = [make_row(f"question {number}", "p", None, None, "a", number) for number in range(200)]

    def first(**words: object) -> list[int]:
        mine = Mine.model_validate({"margin": {}, **words})
        return [int(shortlist(row, 0.8, near_of(*SIMILARITIES), LETTERS, mine, Tally()).candidates[0]) for row in rows]

    assert set(first()) == {0}
    by_chance = first(sampling="Random")
    assert set(by_chance) == set(range(6))
    assert by_chance == first(sampling="Random") != first(sampling="Random", seed=1)


def test_negatives_that_a_row_has_are_not_mined_again() -> None:
    row = make_row("q", "p", None, None, "a", 1, shape="triplets", negatives=("c",))
    short = shortlist(row, 0.8, near_of(*SIMILARITIES), LETTERS, Mine(per_query=2), Tally())
    assert [LETTERS[number] for number in short.candidates] == ["d", "e"]


def test_a_cross_encoder_drops_likely_answers_and_reads_no_more_than_it_must() -> None:
    answers = {("q1", "c"), ("q1", "d"), ("q2", "c"), ("q2", "d"), ("q2", "e"), ("q2", "f")}
    read: list[tuple[str, str]] = []

    def score(pairs: list[tuple[str, str]]) -> NDArray[np.float32]:
        read.extend(pairs)
        return np.array([0.9 if pair in answers else 0.8 for pair in pairs], dtype=np.float32)

    mine = Mine.model_validate({"crossEncoder": {"uri": "hf://org/reader"}, "perQuery": 1})
    tally = Tally()
    rows = [make_row(anchor, "p", None, None, "a", 1) for anchor in ("q1", "q2", "q3")]
    shortlists = [shortlist(row, 0.8, near_of(*SIMILARITIES), LETTERS, mine, tally) for row in rows]
    kept = read_by(score, shortlists, LETTERS, mine, tally)
    assert [[LETTERS[number] for number in short.candidates] for short in kept] == [["e"], [], ["c"]]
    assert (tally.read, tally.dropped["crossEncoder"]) == (3 + 4 + 1, 6) == (len(read), len(answers))


def test_a_chunk_that_is_not_what_its_name_says_is_as_if_it_were_not_there() -> None:
    store = open_store("memory://")
    cache = EmbeddingCache(store, LineKeys("team", "search").embeddings("m" * 64, "s" * 64))
    chunks = [{text_digest(f"{chunk}{n}"): some_vectors(1, n)[0] for n in range(5)} for chunk in "abc"]
    for chunk in chunks:
        cache.write(chunk)
    wanted = dict(itertools.chain.from_iterable(chunk.items() for chunk in chunks))
    found = cache.read(wanted)
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[digest], vector) for digest, vector in wanted.items())
    first, second, _ = sorted(stored.key for stored in store.list(cache.keys.root))
    store.put(first, store.get(first)[:-8])
    store.put(second, store.get(first) + b"12345678")
    assert len(cache.read(wanted)) == 5
    assert cache.read([text_digest("another")]) == {}
