"""Of how many short texts the language can be told, and how often it is wrong: the table of docs/checks.md, measured again."""

import csv
import json
import re
from pathlib import Path

import pytest

from embtune_trainer.prepare.checks.languages import language_of

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
PAGE = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")


def described(folder: str, language: str) -> list[str]:
    lines = (DATA / folder / "sample.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)[language] for line in lines]


def asked() -> list[str]:
    with (DATA / "banking77" / "sample.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


TEXTS = {
    "tldr pages, 500 in English": ("en", described("tldr-de", "en")),
    "tldr pages, 500 in German": ("de", described("tldr-de", "de")),
    "tldr pages, 150 in Chinese": ("zh", described("tldr-zh", "zh")),
    "banking77, 4,000 in English": ("en", asked()),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_page_says_what_is_measured(name: str) -> None:
    language, texts = TEXTS[name]
    told = [found for found in map(language_of, texts) if found != "und"]
    wrong = sum(found != language for found in told)
    assert f"{len(texts):,} in " in name
    assert re.search(rf"^\| {name} \| {len(told) / len(texts):.0%} \| {wrong} \|", PAGE, re.MULTILINE)


def test_what_is_no_text_has_no_language() -> None:
    assert {language_of(text) for text in ("", "42", "git log --oneline", "ok", "😀 😀", "3.14 2.72 1.41 1.62")} == {"und"}
