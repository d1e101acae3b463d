"""The chart in tests: rendered by helm itself, and other programs that judge it, each in a home of its own."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from servers.programs import CACHE

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "embtune"
KUBE_VERSION = "1.35.4"
Object = dict[str, Any]
HealthOf = Callable[[Object], str]
"""From an object to `STATUS: …` and `MESSAGE: …`, a line each."""


@dataclass(frozen=True)
class Program:
    path: Path
    home: Path

    def __call__(self, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        """What it printed; with `check`, an error with what it said when it fails."""
        environ = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        command = [str(self.path), *map(str, arguments)]
        done = subprocess.run(command, env=environ, cwd=self.home, capture_output=True, text=True, check=False, timeout=120)
        assert not check or done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
        return done


@dataclass(frozen=True)
class Helm:
    run: Program

    def template(self, *arguments: object) -> list[Object]:
        """The objects of a release `embtune` in namespace `embtune-system`."""
        where = ("--namespace", "embtune-system", "--kube-version", KUBE_VERSION)
        return objects(self.run("template", "embtune", CHART, *where, *arguments).stdout)

    def refusal(self, *arguments: object) -> str:
        """Why it does not render the chart with these values."""
        done = self.run("template", "embtune", CHART, "--kube-version", KUBE_VERSION, *arguments, check=False)
        assert done.returncode, "it was rendered"
        return done.stderr


def objects(text: str) -> list[Object]:
    return [found for found in YAML(typ="safe").load_all(text) if found]


def the(kind: str, found: list[Object], name: str | None = None) -> Object:
    """The one object of that kind, or of that kind and name."""
    (one,) = [one for one in found if one["kind"] == kind and name in (None, one["metadata"]["name"])]
    return one


def wait_for(happened: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def program(name: str, home: Path) -> Program:
    path = CACHE / "bin" / name
    if not path.exists():
        pytest.skip(f"{name} is not built: run `make cluster-tools`")
    return Program(path, home)
