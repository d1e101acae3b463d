"""docs/start.md says what the command does: its options, its answers, its numbers."""

import re
from pathlib import Path
from typing import get_args

import pytest

from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES
from embtune_operator.advice import measured, value, verdict
from embtune_operator.cli.data import command as data
from embtune_operator.cli.init import command as init
from embtune_operator.judge import power
from embtune_trainer.look import validation

PAGE = (Path(__file__).parents[2] / "docs" / "start.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^embtune (\w+) (.*)$", PAGE, re.MULTILINE)


def options(command: object) -> set[str]:
    return {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}  # type: ignore[attr-defined]


def test_every_option_on_the_page_is_one() -> None:
    known = options(data) | options(init)
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) <= known


@pytest.mark.parametrize(("name", "arguments"), [pytest.param(*shown, id=" ".join(shown)) for shown in SHOWN])
def test_commands_take_what_the_page_gives_them(name: str, arguments: str) -> None:
    known = {"data": options(data), "init": options(init), "run": set()}
    assert set(re.findall(r"--[a-z][a-z-]+", arguments)) <= known[name]


def test_every_option_of_data_is_on_the_page() -> None:
    assert {option for option in options(data) if option.startswith("--")} - {"--debug"} <= set(re.findall(r"--[a-z-]+", PAGE))


def test_the_answers_are_explained() -> None:
    for answer in set(get_args(verdict.Answer)) - {"try it: the gates decide"}:
        assert f"| *{answer}* |" in PAGE


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"fewer than {MIN_QUERIES} queries or {MIN_GROUPS} groups" in PAGE
    assert f"{verdict._FEWEST_TRAINED_ON} rows are left to train on" in PAGE
    assert f"less than {verdict._LITTLE_LEFT} is left to win" in PAGE
    assert f"pay for itself in {value.DAYS} days" in PAGE
    assert f"assumed: {measured.CLOSED:.0%}".replace("%", " %") in PAGE
    assert f"At most {validation.MOST_QUESTIONS:,} queries" in PAGE
    assert (power.POWER, measured.CONFIDENCE) == (0.8, 0.95)
    assert "at 95 % confidence, four times in five" in PAGE
