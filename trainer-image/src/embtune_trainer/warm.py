"""The warm process of a local run: it imports torch and sentence-transformers once, then forks for each step.

Importing takes ten seconds on a laptop. `embtune run` starts this process together with `prepare`, so train and
evaluate find everything loaded. It must not compute anything itself: a process that has used OpenMP cannot be forked.

Spoken to by JSON lines. In: `{"id", "step", "request", "log", "termination_log"}` starts a step, `{"id", "signal"}`
sends it a signal. Out: `{"id", "started": pid}`, then `{"id", "exit": code}`. The end of stdin ends everything.
"""

import contextlib
import gc
import json
import os
import selectors
import signal
import sys
import warnings
from pathlib import Path
from typing import Any, NoReturn

from embtune_trainer.cli import run_step
from embtune_trainer.processes import die_with_parent


def serve() -> None:
    """Serve stdin until it ends; then kill what still runs."""
    children: dict[int, str] = {}
    wake_read, wake_write = os.pipe()
    for end in (wake_read, wake_write):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; embtune says what to stop
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    _import_what_steps_need()

    selector = selectors.DefaultSelector()
    selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    pending = b""
    while True:
        for key, _ in selector.select():
            if key.fd == wake_read:
                os.read(wake_read, 4096)
                continue
            chunk = os.read(sys.stdin.fileno(), 65536)
            if not chunk:
                _kill(children)
                return
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                _obey(json.loads(line), children)
        _reap(children)


def _import_what_steps_need() -> None:
    """Without the garbage collector, which would go through all that is loaded again and again: a fifth faster."""
    gc.disable()

    import embtune_trainer.evaluate
    import embtune_trainer.train.worker  # noqa: F401

    gc.freeze()  # what is loaded stays: forked steps share its pages
    gc.enable()


def _obey(message: dict[str, Any], children: dict[int, str]) -> None:
    if "signal" in message:
        for pid in [pid for pid, name in children.items() if name == message["id"]]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, message["signal"])
        return
    parent = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads: the only ones are BLAS's, which handle it
        pid = os.fork()
    if pid == 0:
        _become_step(message, parent)
    children[pid] = message["id"]
    _answer({"id": message["id"], "started": pid})


def _become_step(message: dict[str, Any], parent: int) -> NoReturn:
    code = 1
    try:
        die_with_parent(parent)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        log = os.open(message["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.environ["EMBTUNE_TERMINATION_LOG"] = message["termination_log"]
        code = run_step(message["step"], Path(message["request"]))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _reap(children: dict[int, str]) -> None:
    for pid in list(children):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            _answer({"id": children.pop(pid), "exit": os.waitstatus_to_exitcode(status)})


def _kill(children: dict[int, str]) -> None:
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _answer(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
