"""What an exam asks, given the rows that are held out for it.

Pairs and triplets: a query is a distinct normalised anchor, a passage a distinct positive or negative; a query's relevant
passages are the positives of all its rows, and its negatives have relevance 0. Scored pairs: every pair of texts, whichever comes
first, with the mean of its scores. Labelled texts: of each label's texts one half, chosen by hash, asks for the other half; a
text that is alone with its label is a passage that nobody asks for.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection
from math import fsum
from typing import Any

from embtune_api.keys import SHORT
from embtune_api.losses import Shape
from embtune_trainer.prepare.rows import Row, by_content

MOST_OF_A_LABEL = 100
"""Texts of one label that an exam asks with or for: a label of n texts has n²/4 relevant combinations."""

Parts = dict[str, list[dict[str, Any]]]
"""Of an exam: the entries of its files."""


def shape_of(rows: list[Row]) -> Shape:
    """Of an exam that is made of them; triplets are asked as pairs are."""
    return "pairs" if rows[0].shape == "triplets" else rows[0].shape


def ask(rows: list[Row]) -> Parts:
    """Entries in the order of their ids, whatever the order of the rows."""
    shape = shape_of(rows)
    if shape == "scored pairs":
        return _scored(rows)
    return _of_one_label(rows) if shape == "labelled texts" else _answers(rows)


def _answers(rows: list[Row]) -> Parts:
    passages = {text for row in rows for text in (row.positive, *row.negatives)}
    pairs = {(_id(row.query), _id(row.positive)) for row in rows}
    wrong = {(_id(row.query), _id(text)) for row in rows for text in row.negatives} - pairs
    return {
        "queries": _queries(rows),
        "corpus": sorted(({"id": _id(text), "text": text} for text in passages), key=_by_id),
        "qrels": _qrels(pairs, wrong),
    }


def _of_one_label(rows: list[Row]) -> Parts:
    """Texts that stand under several labels are relevant for each of them."""
    by_label: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        by_label[row.label or ""].add(row.query)
    asks: set[str] = set()
    answers: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    for _, texts in sorted(by_label.items()):
        chosen = sorted(texts, key=_id)[:MOST_OF_A_LABEL]
        free = [text for text in chosen if text not in asks | answers]
        answers.update(free[::2])
        asks.update(free[1::2])
    for texts in by_label.values():
        pairs.update((_id(query), _id(text)) for query in texts & asks for text in texts & answers)
    asked = {query for query, _ in pairs}
    corpus = label_texts([row for row in rows if row.query in answers])
    return {
        "queries": label_texts([row for row in rows if row.query in asks and _id(row.query) in asked]),
        "corpus": [{name: entry[name] for name in ("id", "text", "groups", "labels")} for entry in corpus],
        "qrels": _qrels(pairs),
    }


def _scored(rows: list[Row]) -> Parts:
    same: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in by_content(rows):
        same[row.unordered].append(row)
    scored = [
        {
            "id": _id("\0".join(texts)),
            "sentence1": pairs[0].anchor,
            "sentence2": pairs[0].positive,
            "score": fsum(pair.score or 0.0 for pair in pairs) / len(pairs),
            **_groups(pairs),
        }
        for texts, pairs in same.items()
    ]
    return {"scored": sorted(scored, key=_by_id)}


def _queries(rows: list[Row]) -> list[dict[str, Any]]:
    """{id, text, group, groups, slices?} of each distinct query side."""
    same: dict[str, list[Row]] = defaultdict(list)
    for row in by_content(rows):
        same[row.query].append(row)
    return sorted(({"id": _id(query), "text": rows[0].anchor, **_groups(rows)} for query, rows in same.items()), key=_by_id)


def label_texts(rows: list[Row]) -> list[dict[str, Any]]:
    """{id, text, group, groups, labels} of each distinct labelled text."""
    labels: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        labels[_id(row.query)].add(row.label or "")
    return [{**entry, "labels": sorted(labels[entry["id"]])} for entry in _queries(rows)]


def _groups(rows: list[Row]) -> dict[str, Any]:
    """With the slices that the rows are in, where a job asks for some: without them an exam is what it always was."""
    groups = sorted({row.group for row in rows})
    slices: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for name, value in row.slices:
            slices[name].add(value)
    kept = {"slices": {name: sorted(values) for name, values in sorted(slices.items())}} if slices else {}
    return {"group": groups[0], "groups": groups, **kept}


def _qrels(pairs: set[tuple[str, str]], wrong: Collection[tuple[str, str]] = ()) -> list[dict[str, Any]]:
    told = sorted([*((*pair, 1) for pair in pairs), *((*pair, 0) for pair in wrong)])
    return [{"query": query, "passage": passage, "relevance": relevance} for query, passage, relevance in told]


def _by_id(entry: dict[str, Any]) -> str:
    return str(entry["id"])


def _id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:SHORT]
