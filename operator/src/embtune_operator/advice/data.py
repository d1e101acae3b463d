"""Looks at files, or at a job's data, from end to end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from embtune_api.errors import InvalidInput
from embtune_api.look import AskedFile, LookRequest
from embtune_operator.advice.ask import look
from embtune_operator.advice.columns import Guess, guess_columns, parse_columns
from embtune_operator.advice.proposal import Plan, Recipe, plan_data, plan_recipe
from embtune_operator.advice.verdict import Advice, advise

if TYPE_CHECKING:
    from embtune_api.data import Data
    from embtune_api.look import FileLook
    from embtune_api.reports import DataReport
    from embtune_api.sources import DataSource


_READ = frozenset({".csv", ".tsv", ".gz", ".zst"})
"""Endings of files that are read, as short as those of languages"""


@dataclass(frozen=True)
class Looked:
    """What is in the data, and what we would do with it."""

    files: list[FileLook]
    guesses: list[Guess]
    plan: Plan | None
    """None for a job: it has its own."""
    report: DataReport
    recipe: Recipe
    advice: Advice


def look_at_files(files: list[Path], columns: str | None, folder: Path) -> Looked:
    """Describe, guess, divide and report.

    Args:
        columns: `anchor=question,positive=answer`; None: guessed.
        folder: that the paths of the report start at.

    Raises:
        InvalidInput: nothing can be learnt from the files as they are.
    """
    for file in files:
        _refuse_half_of_parallel_texts(file)
    uris = [_relative(file, folder) for file in files]
    given = parse_columns(columns) if columns else None
    mapped = list(given.model_dump(exclude_none=True).values()) if given else []
    described = look(LookRequest(folder=str(folder), files=[AskedFile(uri=uri, mapped=mapped) for uri in uris])).files
    guesses = [Guess(given, "as you said") if given else guess_columns(file) for file in described]
    try:
        plan = plan_data(described, guesses)
    except ValidationError as error:
        raise InvalidInput(f"{', '.join(uris)}: {error.errors()[0]['msg'].removeprefix('Value error, ')}.") from None
    report = look(LookRequest(folder=str(folder), files=[], data=plan.data)).report
    assert report
    return Looked(described, guesses, plan, report, plan_recipe(described, guesses, report), advise(report))


def look_at_job(data: Data, folder: Path) -> Looked:
    """Describe and report on what a job names. Raises InvalidInput as `look_at_files`."""
    answer = look(LookRequest(folder=str(folder), files=[_as_the_job_reads(source) for source in data.train], data=data))
    assert answer.report
    guesses = [Guess(source.columns, "as the job says") for source in data.train]
    recipe = plan_recipe(answer.files, guesses, answer.report)
    return Looked(answer.files, guesses, None, answer.report, recipe, advise(answer.report))


def _refuse_half_of_parallel_texts(file: Path) -> None:
    """Texts and their translations, line by line in two files that differ in the language at their end."""
    language = file.suffix.removeprefix(".")
    others = sorted(other.suffix[1:] for other in file.parent.glob(f"{file.stem}.*") if len(other.suffix) == len(file.suffix))
    others = [other for other in others if other != language and other.isalpha()]
    if file.suffix.lower() in _READ or len(language) not in (2, 3) or not others:
        return
    other = file.with_suffix(f".{others[0]}")
    raise InvalidInput(
        f"{file}: lines whose translations are in {other}. A row must hold both. Put them side by side and look at that: python3 "
        f"-c \"import json; [print(json.dumps({{'{language}': a.strip(), '{others[0]}': b.strip()}})) for a, b in "
        f"zip(open('{file}'), open('{other}'))]\" > {language}-{others[0]}.jsonl"
    )


def _as_the_job_reads(source: DataSource) -> AskedFile:
    mapped = list(source.columns.model_dump(exclude_none=True).values())
    return AskedFile(uri=source.uri, header=source.header or [], mapped=mapped)


def _relative(file: Path, folder: Path) -> str:
    return os.path.relpath(file.resolve(), folder.resolve())
