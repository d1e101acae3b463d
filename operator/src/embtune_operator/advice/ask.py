"""Asks the trainer, in a process of its own that ends with this one."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from embtune_api.errors import EmbtuneError, Exit, InvalidInput
from embtune_api.look import Look
from embtune_operator.local.warm import leashed, trainer_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.base import Document
    from embtune_api.look import LookRequest


def look(request: LookRequest) -> Look:
    """What is in the files. Raises InvalidInput, EmbtuneError as `ask`."""
    return Look.model_validate_json(ask("look", request))


def ask(what: str, request: Document, show: Callable[[bytes], None] = lambda _: None) -> bytes:
    """The last line of the answer, as JSON.

    Args:
        what: `look`, `compare`, `try` or `embed`.
        show: is given every line before the last, as it comes.

    Raises:
        InvalidInput: in the trainer's words.
        EmbtuneError: the trainer itself failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file, said, log = (Path(scratch) / name for name in ("request.json", "said", "stderr"))
        file.write_text(request.model_dump_json(), encoding="utf-8")
        environment = {**trainer_environment(Path(scratch)), "EMBTUNE_TERMINATION_LOG": str(said)}
        command = leashed(what, "--request", str(file))
        with (
            log.open("wb") as stderr,
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, env=environment
            ) as process,
        ):
            assert process.stdout
            answer = _last(process.stdout, show)
        told = said.read_text(encoding="utf-8") if said.exists() else log.read_text(errors="replace").strip()[-500:]
    refuse_failure(process.returncode, told)
    return answer


def _last(lines: IO[bytes], show: Callable[[bytes], None]) -> bytes:
    last = b""
    for line in lines:
        if last:
            show(last)
        last = line
    return last


def refuse_failure(code: int, told: str) -> None:
    """Raise what the trainer said, if it ended with another code than 0."""
    if code == Exit.INVALID:
        raise InvalidInput(told)
    if code == Exit.INTERRUPTED:
        raise KeyboardInterrupt
    if code != Exit.OK:
        raise EmbtuneError(told or f"the trainer ended with code {code}")
