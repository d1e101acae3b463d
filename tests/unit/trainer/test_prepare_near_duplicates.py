"""The prefix filter finds exactly what comparing everything with everything finds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embtune_trainer.prepare.near import NearDuplicates, similar
from embtune_trainer.prepare.normalise import normalise
from support.leaks import near_pairs
from support.rows import banking77_texts

TEXTS = st.text(alphabet="abc ", min_size=1, max_size=24).filter(str.strip)
EDITS = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["", "a", "b", "xyz"])), max_size=3)
WORDS = ["the", "red", "fox", "jumps", "over", "a", "lazy", "dog", "again", "and"]
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=4, max_size=12).map(" ".join)


def brute_force(queries: list[str], text: str) -> dict[str, float]:
    def grams(text: str) -> set[str]:
        return {text[i : i + 4] for i in range(len(text) - 3)} or {text}

    scores = {query: len(grams(query) & grams(text)) / len(grams(query) | grams(text)) for query in queries}
    return {query: score for query, score in scores.items() if score >= 0.8}


def edited(text: str, edits: list[tuple[int, str]]) -> str:
    for place, letters in edits:
        at = place % (len(text) + 1)
        text = text[:at] + letters + text[at + 1 :]
    return text or "a"


@given(
    st.lists(SENTENCES | TEXTS, max_size=12),
    st.lists(st.tuples(SENTENCES | TEXTS, EDITS), max_size=6),
)
@settings(max_examples=200, deadline=None)
def test_it_finds_what_brute_force_finds(queries: list[str], probes: list[tuple[str, list[tuple[int, str]]]]) -> None:
    index = NearDuplicates(queries)
    texts = [edited(text, edits) for text, edits in probes] + [edited(query, edits) for query in queries for _, edits in probes]
    found = index.find(texts)
    for text in texts:
        expected = brute_force(queries, text)
        assert (text in found) == bool(expected)
        best = [query for query, score in expected.items() if score == max(expected.values())]
        assert text not in found or found[text] == min(best)
        assert {query for query in queries if similar(query, text)} == set(expected)


def test_on_real_texts_every_pair_is_found_and_no_other() -> None:
    texts = sorted({normalise(text) for text, _ in banking77_texts()})
    expected = {(texts[one], texts[other]) for one, other in near_pairs(texts)}
    assert len(expected) > len(texts) + 40
    index = NearDuplicates(texts)
    found = {
        (texts[text], index.texts[other])
        for pairs in index.pairs(texts)
        for text, other in zip(pairs.looked_for.tolist(), pairs.found.tolist(), strict=True)
    }
    assert found == expected
    once = [
        frozenset((index.texts[text], index.texts[other]))
        for pairs in index.own_pairs()
        for text, other in zip(pairs.looked_for.tolist(), pairs.found.tolist(), strict=True)
    ]
    assert len(once) == len(set(once))
    assert set(once) == {frozenset(pair) for pair in expected if pair[0] != pair[1]}


def test_few_texts_are_compared() -> None:
    """Of customers of one bank, who all ask about cards and transfers."""
    texts = sorted({normalise(text) for text, _ in banking77_texts()})
    assert NearDuplicates(texts).candidates(texts) < 40 * len(texts)


@pytest.mark.parametrize(
    ("query", "text", "near"),
    [
        pytest.param("abcdefgh", "abcdefgh", True, id="equal texts"),
        pytest.param("abcdefgh", "abcdefghi", True, id="5 grams of 6, over 0.8"),
        pytest.param("abcdefg", "abcdefgh", True, id="4 grams of 5, 0.8 itself"),
        pytest.param("abcdef", "abcdefg", False, id="3 grams of 4, under it"),
        pytest.param("abc", "abc", True, id="shorter than a gram, equal"),
        pytest.param("abc", "abd", False, id="shorter than a gram, another"),
    ],
)
def test_the_threshold(query: str, text: str, near: bool) -> None:
    assert bool(NearDuplicates([query]).find([text])) == near


def test_an_empty_index_finds_nothing() -> None:
    assert NearDuplicates([]).find(["anything"]) == {}


def test_a_text_is_not_compared_with_one_of_a_size_that_cannot_be_similar() -> None:
    """A short and a long question name the same rare thing: its grams alone would bring them together."""
    short = [f"{number:06} how do I list it" for number in range(100)]
    long = [f"{text}, and how do I copy, move or remove what was listed before" for text in short]
    assert NearDuplicates(short).candidates(long) == 0
    assert NearDuplicates(long).candidates(short) == 0
    texts = [*long, *short]
    assert NearDuplicates(texts).find(texts) == {text: text for text in texts}
