"""The real `embtune` command, as people run it: a process of its own."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EMBTUNE = Path(sys.executable).with_name("embtune")
_FOREIGN = ("EMBTUNE_", "AWS_", "HF_", "FORCE_COLOR", "OMP_")
"""Variables of whoever runs the tests that must not change what they see."""


@dataclass(frozen=True)
class Told:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str
    seconds: float
    """wall time"""
    processor: float
    """Seconds of processors, its own and its children's: a busy machine changes little of them."""

    @property
    def json(self) -> Any:
        """stdout, which is JSON and nothing else."""
        return json.loads(self.out)

    @property
    def paragraph(self) -> str:
        """The one paragraph that says what went wrong: the end of stderr."""
        told = re.search(r"^embtune: .*\Z", self.err, re.MULTILINE | re.DOTALL)
        assert told, f"no error was told:\n{self.err}"
        paragraph = told[0].strip()
        assert "\n\n" not in paragraph, "one paragraph"
        assert self.err.count(paragraph.removeprefix("embtune: ")) == 1, "told once"
        return paragraph

    def ended(self, code: int) -> "Told":
        """Itself, once it is clear that it ended with that exit code and showed no traceback."""
        assert self.code == code, f"exit code {self.code}, not {code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"
        assert "Traceback" not in self.out + self.err, self.err
        return self


def embtune(*arguments: object, env: Mapping[str, str] | None = None, threads: int | None = 1, timeout: float = 300) -> Told:
    """Run `embtune …` to its end.

    Args:
        env: variables on top of this process's own, which is cleaned of what would change the result.
        threads: OMP_NUM_THREADS; None leaves the choice to the command.
    """
    started, used = time.monotonic(), _used_by_children()
    done = subprocess.run(
        command_line(*arguments),
        env=environment(env, threads),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    return Told(done.returncode, done.stdout, done.stderr, time.monotonic() - started, _used_by_children() - used)


def interrupted(*arguments: object, at: str, env: Mapping[str, str] | None = None, all_processes: bool = True) -> str:
    """What `embtune …` says on stderr until it ends by Ctrl-C, which is pressed once a line holds `at`.

    Args:
        all_processes: as on a terminal; else the command alone gets the signal.
    """
    with subprocess.Popen(
        command_line(*arguments),
        env=environment(env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr
        said = []
        for line in process.stderr:
            said.append(line)
            if at in line:
                (os.killpg if all_processes else os.kill)(process.pid, signal.SIGINT)
    told = "".join(said)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    return told


def command_line(*arguments: object) -> list[str]:
    return [str(EMBTUNE), *map(str, arguments)]


def environment(env: Mapping[str, str] | None = None, threads: int | None = 1) -> dict[str, str]:
    """What a command is given: no hub, no store and no credentials unless `env` names them."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    chosen = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    return {**own, "HF_HUB_OFFLINE": "1", **chosen, **(env or {})}


def _used_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
