"""Texts as words: what stands between white space."""

import re

_WORD = re.compile(r"\S+")
_CORE = re.compile(r"^([\W_]*)(.*?)([\W_]*)$", re.DOTALL)


def split_words(text: str) -> list[str]:
    """White space and words by turns: words have odd numbers, so that joined they are the text again."""
    parts: list[str] = []
    end = 0
    for match in _WORD.finditer(text):
        parts += [text[end : match.start()], match.group()]
        end = match.end()
    return [*parts, text[end:]]


def places_of(parts: list[str]) -> range:
    """Of the words among `split_words`."""
    return range(1, len(parts), 2)


def core_of(word: str) -> tuple[str, str, str]:
    """What stands before a word, the word itself, and what stands behind: `("help", "…")`."""
    match = _CORE.match(word)
    assert match is not None
    return match[1], match[2], match[3]


def is_plain(word: str) -> bool:
    """Letters alone, but for the punctuation around them. Others are numbers, codes, names of files: they mean what they are."""
    return core_of(word)[1].replace("'", "").replace("’", "").isalpha()


def at_least_one(share: float, words: int) -> int:
    return max(1, round(share * words))
