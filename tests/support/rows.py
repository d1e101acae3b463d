"""Real rows: the tldr example of this repository."""

import csv
import json
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "tldr"


def tldr_pairs(count: int) -> list[dict[str, str]]:
    """The first `count` pairs of the example, as `prepare` writes them."""
    with (EXAMPLE / "train.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line, _ in zip(file, range(count), strict=False)]
    return [{"anchor": row["description"], "positive": row["command"], "group": row["family"]} for row in rows]


BANKING77 = Path(__file__).parents[1] / "data" / "banking77" / "sample.csv"


def banking77_texts() -> list[tuple[str, str]]:
    """(text, category) of the banking77 sample."""
    with BANKING77.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def in_class_pairs(texts: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Each text with the next one of its category, as labelled pairs."""
    by_category: dict[str, list[str]] = {}
    for text, category in texts:
        by_category.setdefault(category, []).append(text)
    return [
        {"anchor": text, "positive": members[(number + 1) % len(members)], "label": category, "group": category}
        for category, members in by_category.items()
        for number, text in enumerate(members)
        if len(members) > 1
    ]
