"""Data and recipe of a job for files that were looked at, each choice with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.checks import Checks
from embtune_api.data import Data
from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.presets import kinds_for, resolve
from embtune_api.sources import DataSource
from embtune_api.split import Split
from embtune_api.training import Training
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES
from embtune_operator.advice.prompts import advise_prompts

if TYPE_CHECKING:
    from embtune_api.base_look import BaseLook
    from embtune_api.look import ColumnLook, FileLook
    from embtune_api.reports import DataReport
    from embtune_operator.advice.columns import Guess

_GROUPS = (
    "group",
    "family",
    "doc",
    "document_id",
    "passage_id",
    "doc_id",
    "thread",
    "conversation_id",
    "ticket_id",
    "user_id",
    "focus",
    "page",
)
_SPARE = 1.5
"""Times the fewest queries and groups of an exam: checks remove some, and shares by hash are not exact."""
_TOKENS_PER_WORD = 1.4
_CHARACTERS_PER_TOKEN = 3.5
"""Of WordPiece on English and code; a tokenizer would say more, and a slower look"""
_MIN_LENGTH, _MAX_LENGTH = 32, 256


@dataclass(frozen=True)
class Plan:
    """How to read and divide the rows."""

    data: Data
    split_reason: str
    group_reason: str
    empty: int
    """Rows in which a mapped column is blank."""


def plan_data(files: list[FileLook], guesses: list[Guess]) -> Plan:
    """Sources, split and checks.

    Raises:
        ValueError: sources that do not go together.
    """
    sources = [_source(file, guess) for file, guess in zip(files, guesses, strict=True)]
    shape = guesses[0].columns.shape
    group = None if shape in ("scored pairs", "labelled texts") else _group_column(files, guesses)
    queries = sum(_query_column(file, guess).distinct for file, guess in zip(files, guesses, strict=True))
    groups = sum(_column(file, group).distinct for file in files) if group else queries
    test = exam_share(queries, groups)
    stratified = shape == "labelled texts"
    split = Split(method="Stratified" if stratified else "Hash", validation=0.1, test=test, group_by=group)
    empty = sum(
        file.rows - _column(file, name).filled for file, guess in zip(files, guesses, strict=True) for name in _once(guess)
    )
    return Plan(
        data=Data(train=sources, split=split, checks=Checks(empty="Fix" if empty else "Fail")),
        split_reason=_split_reason(queries, groups, test, stratified),
        group_reason=f"rows that share {group!r} stay on one side"
        if group
        else "no column groups the rows: each text is a group",
        empty=empty,
    )


def _source(file: FileLook, guess: Guess) -> DataSource:
    return DataSource(uri=file.uri, header=file.header or None, columns=guess.columns)


def exam_share(queries: int, groups: int) -> float:
    """Share of the rows that an exam needs; 0.2 where that is enough, never more than a half."""
    needed = max(MIN_QUERIES / max(queries, 1), MIN_GROUPS / max(groups, 1)) * _SPARE
    return min(0.5, max(0.2, math.ceil(needed * 100) / 100))


@dataclass(frozen=True)
class Recipe:
    """What to train with."""

    training: Training
    """Every value explicit."""
    length_reason: str
    suite: Suite
    metric: str
    """That the gates are on."""
    prompts: str
    """Advice on prompts, which a job does not set."""


def plan_recipe(
    files: list[FileLook], guesses: list[Guess], report: DataReport, uri: str = "", base: BaseLook | None = None
) -> Recipe:
    """By the rows that are left to train on, and the lengths of their texts.

    Args:
        uri: of the base.
        base: what was found out about it; None: lengths are estimated.
    """
    texts = [column for file, guess in zip(files, guesses, strict=True) for column in text_columns(file, guess)]
    tokens = max(side.p95 for side in base.tokens) if base else max(map(estimated_tokens, texts))
    length = min(_MAX_LENGTH, max(_MIN_LENGTH, math.ceil(tokens / 16) * 16), (base and base.reads) or _MAX_LENGTH)
    counts = not base and tokens <= _MAX_LENGTH  # whoever trains has the tokenizer
    how = "counted by the base's tokenizer" if base else "estimated from words and characters"
    cut = ", longer texts are cut" if tokens > length else "; Auto counts them by the base's tokenizer" if counts else ""
    suite = Suite(kind=kinds_for(report.prepared.shape)[0])
    training = resolve(Training(max_seq_length="Auto" if counts else length), report.prepared.train, report.prepared.shape)
    return Recipe(
        training=training,
        length_reason=f"95 % of the texts have at most {'' if base else 'about '}{tokens} tokens ({how}){cut}",
        suite=suite,
        metric="test/ndcg@10" if suite.kind == "Retrieval" else suite.metrics()[0],
        prompts=advise_prompts([column.words_p50 for column in text_columns(files[0], guesses[0])], uri, base),
    )


def estimated_tokens(column: ColumnLook) -> int:
    """Of 95 % of a column's texts, with the two special tokens."""
    return 2 + math.ceil(max(column.words_p95 * _TOKENS_PER_WORD, column.characters_p95 / _CHARACTERS_PER_TOKEN))


def text_columns(file: FileLook, guess: Guess) -> list[ColumnLook]:
    """Those that are embedded."""
    return [_column(file, name) for role, name in guess.mapping.items() if role not in ("label", "score", "category")]


def _split_reason(queries: int, groups: int, test: float, stratified: bool) -> str:
    kept = "each label keeps its share on every side" if stratified else "a row never moves when data is appended"
    most = f"about {test * queries:.0f} of {queries} queries and {test * groups:.0f} of {groups} groups are the exam"
    return f"{kept}; {most}, and a verdict needs {MIN_QUERIES} and {MIN_GROUPS}"


def _group_column(files: list[FileLook], guesses: list[Guess]) -> str | None:
    """One that all files have in every row, of a name that says so, with enough values for an exam."""
    mapped = {name for guess in guesses for name in guess.mapping.values()}
    for name in _GROUPS:
        looks = [column for file in files for column in file.columns if column.name == name and column.filled == file.rows]
        enough = min((column.distinct for column in looks), default=0) >= 4 * MIN_GROUPS
        if len(looks) == len(files) and enough and name not in mapped:
            return name
    return None


def _query_column(file: FileLook, guess: Guess) -> ColumnLook:
    return text_columns(file, guess)[0]


def _once(guess: Guess) -> set[str]:
    return set(guess.mapping.values())


def _column(file: FileLook, name: str) -> ColumnLook:
    for column in file.columns:
        if column.name == name:
            return column
    there = ", ".join(column.name for column in file.columns)
    raise InvalidInput(f"{file.uri}: no column {name!r}. The file has the columns: {there}. Name one of those in --columns.")
