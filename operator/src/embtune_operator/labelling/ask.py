"""Asks the trainer for pairs, in a process of its own that ends with this one."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from embtune_api.errors import Exit
from embtune_api.synthesis import Synthesis, SynthesisNews, SynthesisProgress, SynthesisRequest
from embtune_operator.advice.ask import refuse_failure
from embtune_operator.local.warm import leashed, trainer_environment

if TYPE_CHECKING:
    from collections.abc import Callable


def synthesize(request: SynthesisRequest, show: Callable[[SynthesisProgress], None]) -> Synthesis:
    """What was made. Ctrl-C is passed on: the trainer writes what there is, and the answer is not `finished`; a second one
    kills it.

    Raises:
        InvalidInput, EmbtuneError: in the trainer's words.
        KeyboardInterrupt: there was nothing to write yet.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file, said, log = (Path(scratch) / name for name in ("request.json", "said", "stderr"))
        file.write_text(request.model_dump_json(), encoding="utf-8")
        environment = {**trainer_environment(Path(scratch)), "EMBTUNE_TERMINATION_LOG": str(said)}
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                leashed("synthesize", "--request", str(file)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment,
                start_new_session=True,  # a terminal's Ctrl-C reaches this process alone, which passes one on
            )
        answer, interrupted = _follow(process, show)
        told = (said if said.exists() else log).read_text(encoding="utf-8", errors="replace").strip()
    if interrupted and answer is None:
        raise KeyboardInterrupt
    if answer is None or process.returncode not in (Exit.OK, Exit.INTERRUPTED):
        refuse_failure(process.returncode, told[-4096:])
    assert answer
    return answer


def _follow(process: subprocess.Popen[bytes], show: Callable[[SynthesisProgress], None]) -> tuple[Synthesis | None, bool]:
    """Its answer, if it gave one, and whether somebody interrupted it. It has ended when this returns."""
    assert process.stdout
    interrupted = False
    try:
        with process.stdout as stdout:
            try:
                answer = _answer(stdout, show)
            except KeyboardInterrupt:
                interrupted = True
                process.send_signal(signal.SIGINT)
                answer = _answer(stdout, lambda _: None)
        process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
    return answer, interrupted


def _answer(lines: IO[bytes], show: Callable[[SynthesisProgress], None]) -> Synthesis | None:
    for line in lines:
        news = SynthesisNews.model_validate_json(line)
        if news.answer:
            return news.answer
        if news.progress:
            show(news.progress)
    return None
