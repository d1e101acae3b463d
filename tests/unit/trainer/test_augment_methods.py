"""Each method by itself, on real texts and on any: what it changes, what it leaves alone, and that it always does the same."""

import string
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embtune_api.errors import InvalidInput
from embtune_trainer.prepare.augment.casing import recase
from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.augment.deletion import delete_words
from embtune_trainer.prepare.augment.swap import swap_words
from embtune_trainer.prepare.augment.typos import NEIGHBOURS, mistype
from embtune_trainer.prepare.augment.words import split_words
from embtune_trainer.prepare.normalise import normalise
from support.augmenting import SYNONYMS, methods, synonyms_of
from support.rows import banking77_texts

TEXTS = [text for text, _ in banking77_texts()[:400]]
ANY = st.text(max_size=60)
SHARES = st.sampled_from([0.01, 0.1, 0.5])


def by(text: str, seed: int = 0) -> Chance:
    return Chance(seed, text)


@pytest.mark.parametrize("method", list(methods()))
@given(text=ANY, share=SHARES)
def test_any_text_is_taken_and_one_text_always_becomes_the_same(method: str, text: str, share: float) -> None:
    change = methods(share)[method]  # type: ignore[index]
    assert change(text, by(text)) == change(text, by(text))
    if text.strip():
        assert change(text, by(text)).strip()


@pytest.mark.parametrize("method", list(methods()))
def test_another_seed_makes_other_texts(method: str) -> None:
    change = methods(0.3)[method]  # type: ignore[index]
    changed = [text for text in TEXTS if change(text, by(text)) != text]
    others = [text for text in changed if change(text, by(text, 1)) != change(text, by(text))]
    assert len(changed) > len(TEXTS) / 3
    assert len(others) > len(changed) / 10, "of many words one synonym is known"


@given(ANY)
def test_words_and_what_is_between_them_make_the_text(text: str) -> None:
    parts = split_words(text)
    assert "".join(parts) == text
    assert parts[1::2] == text.split()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_of_the_words_a_share_is_left_out_and_the_others_stay_in_order(share: float) -> None:
    for text in TEXTS:
        words, left = text.split(), delete_words(text, share, by(text)).split()
        gone = len(words) - len(left)
        assert gone == (0 if len(words) < 3 else gone) <= max(1, round(share * len(words)))
        following = iter(words)
        assert all(word in following for word in left)
        assert not any(any(map(str.isdigit, word)) for word in (Counter(words) - Counter(left)))
    assert delete_words("first second third", 0.5, by("")) in (
        "first",
        "second",
        "third",
        "first third",
        "first second",
        "second third",
    )


def test_codes_and_numbers_are_neither_left_out_nor_mistyped() -> None:
    for number in range(200):
        text = f"error {number} of pay.conf in v2 top-up"
        for change in (delete_words, mistype):
            kept = change(text, 0.5, by(text)).split()
            assert {str(number), "pay.conf", "v2", "top-up"} <= set(kept)


def test_swapped_words_are_the_same_words_elsewhere() -> None:
    moved = 0
    for text in TEXTS:
        swapped = swap_words(text, 0.1, by(text))
        assert Counter(swapped.split()) == Counter(text.split())
        moved += sum(one != other for one, other in zip(text.split(), swapped.split(), strict=True))
    assert 0.1 <= moved / sum(len(text.split()) for text in TEXTS) <= 0.25, "at least two words of each text"


def slip_of(word: str, typed: str) -> str:
    """Which slip made `typed` of `word`, by definition."""
    for at in range(1, len(word)):
        if typed == word[:at] + word[at + 1 :]:
            return "left out"
        if typed == word[: at + 1] + word[at:]:
            return "doubled"
        if typed == word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]:
            return "turned round"
        if typed[:at] == word[:at] and typed[at + 1 :] == word[at + 1 :] and typed[at].lower() in NEIGHBOURS[word[at].lower()]:
            return "beside"
    return "none"


def test_every_slip_is_one_of_four_and_all_of_them_happen() -> None:
    slips: Counter[str] = Counter()
    for text in TEXTS:
        typed = mistype(text, 0.1, by(text))
        assert len(typed.split()) == len(text.split())
        for word, written in zip(text.split(), typed.split(), strict=True):
            if word != written:
                assert len(word.strip(string.punctuation)) >= 4
                assert word[0] == written[0]
                before, behind = (len(word) - len(bare(string.punctuation)) for bare in (word.lstrip, word.rstrip))
                slips[slip_of(word[before : len(word) - behind], written[before : len(written) - behind])] += 1
    assert set(slips) == {"left out", "doubled", "turned round", "beside"}
    assert min(slips.values()) > 0.1 * sum(slips.values())
    assert mistype("Wo ist das Geld", 0.1, by("")) != "Wo ist das Geld"
    assert mistype("to be or not", 0.5, by("")) == "to be or not"


@pytest.mark.parametrize(("key", "beside"), [("q", "wa"), ("g", "tyfhvb"), ("m", "jkn"), ("p", "ol")])
def test_keys_are_beside_those_of_the_keyboard(key: str, beside: str) -> None:
    assert set(NEIGHBOURS[key]) == set(beside)


@given(ANY)
def test_casing_changes_nothing_else(text: str) -> None:
    assert normalise(recase(text, by(text))) == normalise(text)


def test_casing_is_that_of_people() -> None:
    text = "How do I pay?"
    assert {recase(text, by(text, seed)) for seed in range(40)} == {
        "how do i pay?",
        "HOW DO I PAY?",
        "How do i pay?",
        "How Do I Pay?",
    }


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("Fraud!", {"Scam!"}),
        ("my TRANSACTION, please", {"my Payment, please", "my Purchase, please"}),
        ("it is (not working).", {"it is (broken).", "it is (out of order)."}),
        ("nothing to see", {"nothing to see"}),
        ("scam", {"scam"}),
        ("top  up", {"recharge"}),
    ],
    ids=["a capital and a sign", "capitals", "several words in brackets", "none known", "the other direction", "two blanks"],
)
def test_synonyms_stand_where_the_word_stood(text: str, becomes: set[str]) -> None:
    table = synonyms_of(SYNONYMS)
    assert {table.replace(text, 0.1, by(text, seed)) for seed in range(30)} == becomes


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.tsv", "word\tmeaning\ncard\tbank card\n", "'synonyms' are others, with | between them"),
        ("a.jsonl", '{"word": "card", "synonyms": 3}\n', "a.jsonl:1: broken row"),
        ("a.jsonl", '{"word": "card", "synonyms": ["bank card"]}\n{"word": " ", "synonyms": ["x"]}\n', "a.jsonl:2: broken row"),
        ("a.csv", "word,synonyms\ncard,Card!\n", "has no synonym in it"),
        ("a.tsv", "", "a.tsv: the file is empty"),
        ("b.tsv", None, "data.augment.synonyms.uri: there is no file"),
        ("a.docx", "word", "a.docx"),
    ],
    ids=["another column", "a number", "a blank word", "the word itself", "empty", "missing", "another kind of file"],
)
def test_a_file_of_synonyms_that_is_none_is_refused(tmp_path: Path, name: str, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        synonyms_of(tmp_path / name)
    assert told in str(refused.value)


def test_synonyms_may_be_lists_and_rows_of_one_word_are_taken_together(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"word": "Card", "synonyms": ["bank card"]}\n\n{"word": "card", "synonyms": "plastic | "}\n'
    )
    assert synonyms_of(tmp_path / "a.jsonl").of == {"card": ("bank card", "plastic")}
