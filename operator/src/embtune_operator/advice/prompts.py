"""Prompts: what stands before queries and documents, by what the base says of itself, by its family, by the data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embtune_api.base_look import BaseLook

_ASYMMETRIC = 2.0
"""Times as many words on one side."""
_FAMILIES = {
    r"\be5-(?!.*instruct)": ({"query": "query: ", "document": "passage: "}, {"query": "query: ", "document": "query: "}),
    r"\bbge-.*-en\b": ({"query": "Represent this sentence for searching relevant passages: "}, {}),
    r"\bnomic-embed-text\b": (
        {"query": "search_query: ", "document": "search_document: "},
        {"query": "classification: ", "document": "classification: "},
    ),
}
"""What the cards of these models ask for, where the sides differ and where they are alike."""


def is_asymmetric(words: list[int]) -> bool:
    """By the median words of both sides."""
    return len(words) > 1 and max(words[:2]) > _ASYMMETRIC * min(words[:2])


def advise_prompts(words: list[int], uri: str, base: BaseLook | None) -> str:
    """A clause for people; a job sets no prompts, the model's own folder does.

    Args:
        words: median words of each side.
        uri: of the base.
        base: what it says of itself; None: it was not looked at.
    """
    asymmetric = is_asymmetric(words)
    sides = f"asymmetric (one side has {min(words[:2])} words, the other {max(words[:2])})" if asymmetric else "symmetric"
    if base and base.prompts:
        spelled = " and ".join(f"{prompt!r} before {side.replace('query', 'querie')}s" for side, prompt in base.prompts.items())
        return f"{sides}; the base brings its own, {spelled}, which training and exam put there by themselves"
    for pattern, (different, alike) in _FAMILIES.items():
        wanted = different if asymmetric else alike
        if re.search(pattern, uri.lower()) and wanted:
            spelled = ", ".join(f'"{side}": "{prompt}"' for side, prompt in wanted.items())
            return (
                f"{sides}; models of this family were trained with prompts: see that the base's "
                f"config_sentence_transformers.json has prompts {{{spelled}}}"
            )
    if asymmetric:
        return f"{sides}; a base that was trained with prompts ('query: ', 'passage: ') does better with them"
    return f"{sides}: both sides are alike, so no prompts are needed"
