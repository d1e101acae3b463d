"""Real rows: the tldr example of this repository."""

import json
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "tldr"


def tldr_pairs(count: int) -> list[dict[str, str]]:
    """The first `count` pairs of the example, as `prepare` writes them."""
    with (EXAMPLE / "train.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line, _ in zip(file, range(count), strict=False)]
    return [{"anchor": row["description"], "positive": row["command"], "group": row["family"]} for row in rows]
