"""Pairs as long as real ones, as many as wanted: phrases of real questions and answers, put together anew.

A keyed generator makes them in blocks, so the first rows of a larger file are those of a smaller one. Of every 100 rows one
repeats an earlier row of its block in other casing and with other punctuation, and one repeats it but for a word on each side.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parents[2]
EXAMPLE = TESTS.parent / "examples" / "tldr" / "train.jsonl"
BLOCK = 10_000
COPIES = 0.01
"""share of rows that repeat another exactly, once they are normalised; as many again do so nearly"""
_QUERY_PHRASES, _ANSWER_PHRASES = (2, 4), (8, 18)
"""phrases, from and below: about 60 and 330 characters, as of questions with a passage that answers them"""
_PHRASE = 4
"""words"""


def write_pairs(path: Path, rows: int, seed: int = 7) -> None:
    """JSON lines of {question, answer}."""
    questions, answers = _phrases(_real_questions()), _phrases(_real_answers())
    with path.open("w", encoding="utf-8") as file:
        for block in range(-(-rows // BLOCK)):
            made = _block(np.random.default_rng([seed, block]), questions, answers)
            wanted = min(BLOCK, rows - block * BLOCK)
            file.writelines(json.dumps({"question": q, "answer": a}) + "\n" for q, a in made[:wanted])


def _block(rng: np.random.Generator, questions: list[str], answers: list[str]) -> list[tuple[str, str]]:
    """Phrases with a name or a number now and then, as texts of a million people have them."""
    asked = _texts(rng, questions, *_QUERY_PHRASES)
    told = _texts(rng, answers, *_ANSWER_PHRASES)
    names = rng.integers(0, 36**5, BLOCK).tolist()
    rows = [(f"{q} {np.base_repr(name, 36).lower()}?", f"{a}.") for q, a, name in zip(asked, told, names, strict=True)]
    fates = rng.random(BLOCK)
    originals = rng.integers(0, BLOCK, BLOCK).tolist()
    for number in np.flatnonzero(fates < 2 * COPIES).tolist():
        question, answer = rows[originals[number]]
        if fates[number] < COPIES:
            rows[number] = (question.upper(), answer.replace(" ", "  ").replace(".", "!"))
        else:
            rows[number] = (f"{question[:-1]}s?", f"So {answer}")
    return rows


def _texts(rng: np.random.Generator, phrases: list[str], least: int, most: int) -> list[str]:
    sizes = rng.integers(least, most, BLOCK)
    chosen = rng.integers(0, len(phrases), int(sizes.sum())).tolist()
    ends = np.cumsum(sizes).tolist()
    return [" ".join(phrases[n] for n in chosen[end - size : end]) for size, end in zip(sizes.tolist(), ends, strict=True)]


def _phrases(texts: Iterator[str]) -> list[str]:
    """Of `_PHRASE` words, each once, in the order of the alphabet."""
    found = set()
    for text in texts:
        words = text.split()
        found |= {" ".join(words[at : at + _PHRASE]) for at in range(len(words) - _PHRASE + 1)}
    return sorted(found)


def _real_questions() -> Iterator[str]:
    with (TESTS / "data" / "banking77" / "sample.csv").open(encoding="utf-8", newline="") as file:
        yield from (row["text"].rstrip("?.!") for row in csv.DictReader(file))
    with EXAMPLE.open(encoding="utf-8") as file:
        yield from (json.loads(line)["description"] for line in file)


def _real_answers() -> Iterator[str]:
    with (TESTS / "data" / "medquad" / "sample.jsonl").open(encoding="utf-8") as file:
        yield from (json.loads(line)["answer"] for line in file)
    with EXAMPLE.open(encoding="utf-8") as file:
        yield from (json.loads(line)["description"] for line in file)
