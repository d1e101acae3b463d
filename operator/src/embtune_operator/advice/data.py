"""Looks at files, or at a job's data, from end to end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from embtune_api.base_model import BaseModelRef
from embtune_api.errors import InvalidInput
from embtune_api.learning_curve import CurveAsk
from embtune_api.look import AskedFile, LookRequest
from embtune_api.training import Training
from embtune_operator.advice.ask import look
from embtune_operator.advice.columns import Guess, guess_columns, parse_columns
from embtune_operator.advice.curve_store import SHARES, curve_store
from embtune_operator.advice.measured import Measured, judged_by, measured, with_curve
from embtune_operator.advice.parallel import refuse_half
from embtune_operator.advice.proposal import Plan, Recipe, plan_data, plan_recipe
from embtune_operator.advice.value import Business, Value, expected_value
from embtune_operator.advice.verdict import Advice, advise

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.base_look import BaseLook
    from embtune_api.data import Data
    from embtune_api.look import FileLook, Look
    from embtune_api.reports import DataReport
    from embtune_api.sources import DataSource
    from embtune_operator.advice.forecast import Curve


@dataclass(frozen=True)
class Looked:
    """What is in the data, and what we would do with it."""

    files: list[FileLook]
    guesses: list[Guess]
    plan: Plan | None
    """None for a job: it has its own."""
    report: DataReport
    base: BaseLook | None
    measured: Measured | None
    """The base on validation rows; None where none was named, or it could not be measured."""
    not_measured: str
    """Why not, where one was named."""
    recipe: Recipe
    curve: Curve | None
    value: Value | None
    advice: Advice


@dataclass(frozen=True)
class Ask:
    """What is to be found out beside what is in the data."""

    base: str | None = None
    """URI of a model to measure."""
    business: Business | None = None
    seeds: int = 0
    """Of a learning curve; 0: none is made."""
    training: Training | None = None
    """The recipe of its points; None: the one that is proposed."""
    tell: Callable[[str], None] = print
    """Is told how far it is."""


def look_at_files(files: list[Path], columns: str | None, folder: Path, ask: Ask | None = None) -> Looked:
    """Describe, guess, divide and report.

    Args:
        columns: `anchor=question,positive=answer`; None: guessed.
        folder: that the paths of the report start at.

    Raises:
        InvalidInput: nothing can be learnt from the files as they are.
    """
    for file in files:
        refuse_half(file)
    uris = [_relative(file, folder) for file in files]
    given = parse_columns(columns) if columns else None
    mapped = list(given.model_dump(exclude_none=True).values()) if given else []
    described = look(LookRequest(folder=str(folder), files=[AskedFile(uri=uri, mapped=mapped) for uri in uris])).files
    guesses = [Guess(given, "as you said") if given else guess_columns(file) for file in described]
    try:
        plan = plan_data(described, guesses)
    except ValidationError as error:
        raise InvalidInput(f"{', '.join(uris)}: {error.errors()[0]['msg'].removeprefix('Value error, ')}.") from None
    ask = ask or Ask()
    answer = look(_request(folder, [], plan.data, ask))
    return _told(described, guesses, plan, answer, ask)


def look_at_job(data: Data, folder: Path, ask: Ask | None = None) -> Looked:
    """Describe and report on what a job names. Raises InvalidInput as `look_at_files`."""
    ask = ask or Ask()
    files = [_as_the_job_reads(source) for source in data.train]
    answer = look(_request(folder, files, data, ask))
    return _told(answer.files, [Guess(source.columns, "as the job says") for source in data.train], None, answer, ask)


def _told(files: list[FileLook], guesses: list[Guess], plan: Plan | None, answer: Look, ask: Ask) -> Looked:
    """What the trainer found, with what we make of it."""
    report = answer.report
    assert report
    recipe = plan_recipe(files, guesses, report, ask.base or "", answer.base)
    base = measured(answer.base, report) if answer.base else None
    why_not = answer.not_measured or ("the validation rows are too few for bounds" if answer.base and base is None else "")
    curve = _curve(answer, recipe, ask)
    base = with_curve(base, curve, report) if base and curve else base
    value = expected_value(ask.business, base, recipe.training, report.prepared.train) if ask.business and base else None
    return Looked(
        files=files,
        guesses=guesses,
        plan=plan,
        report=report,
        base=answer.base,
        measured=base,
        not_measured=why_not,
        recipe=recipe,
        curve=curve,
        value=value,
        advice=advise(report, base, value, curve),
    )


def _request(folder: Path, files: list[AskedFile], data: Data, ask: Ask) -> LookRequest:
    base = BaseModelRef(uri=ask.base) if ask.base else None
    store = curve_store({"folder": str(folder.resolve()), "data": data, "base": base})
    curve = CurveAsk(store=str(store), shares=SHARES, seeds=ask.seeds) if base and ask.seeds else None
    return LookRequest(folder=str(folder), files=files, data=data, base=base, curve=curve)


def _curve(answer: Look, recipe: Recipe, ask: Ask) -> Curve | None:
    """Trained and read, where one was asked for. Raises Interrupted, EmbtuneError as `run_curve`, InvalidInput."""
    if answer.curve is None:
        return None
    from embtune_operator.advice.curve import run_curve
    from embtune_operator.advice.forecast import read_curve

    training = ask.training or Training(max_seq_length=recipe.training.max_seq_length)
    curve = read_curve(run_curve(answer.curve, training, ask.tell), judged_by(answer.curve.suite))
    if curve is None:
        raise InvalidInput(
            "--learning-curve: the validation rows, or the rows to train on, are too few: nothing can be said of the points. Add "
            "rows, or raise data.split.validation."
        )
    return curve


def _as_the_job_reads(source: DataSource) -> AskedFile:
    mapped = list(source.columns.model_dump(exclude_none=True).values())
    return AskedFile(uri=source.uri, header=source.header or [], mapped=mapped)


def _relative(file: Path, folder: Path) -> str:
    return os.path.relpath(file.resolve(), folder.resolve())
