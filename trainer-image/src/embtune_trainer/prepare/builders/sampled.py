"""Wrong answers of the same category: harder to tell apart than any other row's."""

from collections import defaultdict
from dataclasses import replace

from embtune_api.build import Build
from embtune_trainer.prepare.builders.turns import by_chance, take, turn
from embtune_trainer.prepare.rows import Row, by_content


def with_same_category(rows: list[Row], wanted: Build) -> tuple[list[Row], list[Row]]:
    """Each pair with answers of other pairs of its category; and the pairs for which there is none.

    What is known to answer the question, or to share a label with it, is no negative; the question itself neither.
    """
    answers: dict[str, set[str]] = defaultdict(set)
    labels: dict[str, set[str | None]] = defaultdict(set)
    pools: dict[str | None, dict[str, str]] = defaultdict(dict)
    for row in by_content(rows):
        answers[row.query].add(row.answer)
        labels[row.answer].add(row.label)
        pools[row.category].setdefault(row.answer, row.positive)
    order = {category: by_chance(pool, str, wanted.seed, "negatives") for category, pool in pools.items()}
    built: list[Row] = []
    without: list[Row] = []
    for row in rows:
        pool = order[row.category]

        def wrong(answer: str, row: Row = row) -> bool:
            known = answer == row.query or answer in answers[row.query]
            return not known and (row.label is None or row.label not in labels[answer])

        start = turn(wanted.seed, "negative", row.content) % len(pool)
        found = take(pool, start, wanted.negatives_per_pair, wrong)
        if not found:
            without.append(row)
        built.append(replace(row, negatives=tuple(pools[row.category][answer] for answer in found)))
    return built, without
