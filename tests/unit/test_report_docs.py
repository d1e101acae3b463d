"""docs/report.md and docs/compare.md: every picture is there and small, every option that is told exists."""

import importlib
import re
from pathlib import Path

import click
import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("report.md", "compare.md")}


def test_the_pictures_are_there_and_small() -> None:
    named = set(re.findall(r"\]\((report-[\w-]+\.png)\)", PAGES["report.md"]))
    there = {path.name for path in DOCS.glob("report-*.png")}
    assert named <= there
    assert sum((DOCS / name).stat().st_size for name in there) <= 300_000
    for name in there:
        width = int.from_bytes((DOCS / name).read_bytes()[16:20], "big")
        assert width == (360 if "narrow" in name else 1280)


@pytest.mark.parametrize("name", PAGES)
def test_every_option_that_is_told_exists(name: str) -> None:
    lines = re.findall(r"^embtune (\w+) (.*)$", PAGES[name], re.MULTILINE)
    assert lines
    for command, arguments in lines:
        module = {"try": "try_out"}.get(command, command)
        found = importlib.import_module(f"embtune_operator.cli.{module}").command
        assert isinstance(found, click.Command)
        known = {option for parameter in found.params for option in parameter.opts}
        assert set(re.findall(r"(--[\w-]+)", arguments)) <= known
