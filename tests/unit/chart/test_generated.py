"""What the chart and the images take from the code is as the code says now."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def test_the_chart_holds_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "charts" / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("image", ["operator", "trainer-image"])
def test_an_image_gets_the_packages_that_the_tests_ran_with(image: str) -> None:
    assert _locked(ROOT / image / "requirements.lock") <= _locked(ROOT / "requirements.lock"), "run `make lock`"


def test_no_torch_in_the_operators_image() -> None:
    names = {requirement.partition("==")[0] for requirement in _locked(ROOT / "operator" / "requirements.lock")}
    assert {"kopf", "obstore"} <= names
    assert not names & {"torch", "transformers", "sentence-transformers"}


def _locked(path: Path) -> set[str]:
    """`name==version` with its hashes, each."""
    text = path.read_text(encoding="utf-8").replace("\\\n", "")
    return {_without_marker(line) for line in text.splitlines() if line}


def _without_marker(line: str) -> str:
    """Where a package is installed depends on who asks for it."""
    pinned, _, hashes = line.partition("--hash")
    return f"{pinned.partition(';')[0].strip()} {re.sub(' +', ' ', hashes)}"
