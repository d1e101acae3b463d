"""Asks the trainer, in a process of its own that ends with this one."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from embtune_api.errors import EmbtuneError, Exit, InvalidInput
from embtune_api.look import Look, LookRequest
from embtune_operator.local.warm import leashed, trainer_environment


def look(request: LookRequest) -> Look:
    """What is in the files.

    Raises:
        InvalidInput: in the trainer's words.
        EmbtuneError: the trainer itself failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file, said = Path(scratch) / "request.json", Path(scratch) / "said"
        file.write_text(request.model_dump_json(), encoding="utf-8")
        environment = {**trainer_environment(Path(scratch)), "EMBTUNE_TERMINATION_LOG": str(said)}
        command = leashed("look", "--request", str(file))
        done = subprocess.run(command, capture_output=True, env=environment, stdin=subprocess.DEVNULL, check=False)
        told = said.read_text(encoding="utf-8") if said.exists() else done.stderr.decode(errors="replace").strip()[-500:]
    refuse_failure(done.returncode, told)
    return Look.model_validate_json(done.stdout)


def refuse_failure(code: int, told: str) -> None:
    """Raise what the trainer said, if it ended with another code than 0."""
    if code == Exit.INVALID:
        raise InvalidInput(told)
    if code != Exit.OK:
        raise EmbtuneError(told or f"the trainer ended with code {code}")
