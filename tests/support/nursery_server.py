"""The nursery: a process that has imported everything once and forks whole commands. Run as a script, by `support.nursery`.

What is forked is what a user starts: `embtune`'s own `main`, its warm process, its steps. Nothing is imported again,
that is all; prepare and publish are the ordinary programs. An order is a JSON line on stdin, its answer the pid. Exit
codes are left as files. Orphans become children of this process, so none escapes a count.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import torch.distributed.launcher.api  # noqa: F401

import embtune_operator.cli.run
import embtune_operator.local.cluster
import embtune_operator.local.drive
import embtune_operator.registry.release
import embtune_operator.view.summary  # noqa: F401
import embtune_trainer.evaluate
import embtune_trainer.train.worker
import embtune_trainer.warm
from embtune_operator.local import warm
from embtune_operator.local.warm import WarmHandle
from embtune_trainer.processes import die_with_parent

PR_SET_CHILD_SUBREAPER = 36
FIRST_FREE = 3
"""File descriptors from here on are not stdin, stdout or stderr."""


def serve(exits: Path) -> None:
    """Obey stdin until it ends."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGCHLD, lambda *_: reap(exits))
    say("ready")
    for line in sys.stdin:
        order = json.loads(line)
        say(fork(order, exits))


def fork(order: dict[str, Any], exits: Path) -> int:
    """Start what is ordered; returns its pid."""
    parent = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    pid = os.fork()
    if pid == 0:
        become(order, parent)
    (exits / str(pid)).unlink(missing_ok=True)  # of an orphan that had the same pid
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    return pid


def reap(exits: Path) -> None:
    """Leave the exit code of every child that has ended, orphans included, in a file named by its pid."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        draft = exits / f"{pid}.draft"
        draft.write_text(str(os.waitstatus_to_exitcode(status)))
        draft.rename(exits / str(pid))


def become(order: dict[str, Any], parent: int) -> NoReturn:
    """Call the order's function with its arguments, in a process group, environment and with streams of its own."""
    code = 1
    try:
        die_with_parent(parent)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        os.setsid()
        redirect(os.devnull, order["out"], order["err"])
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        tempfile.tempdir = None
        warm.start_warm = forked_warm
        module, _, name = order["function"].partition(":")
        getattr(importlib.import_module(module), name)(*order["arguments"])
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def embtune(*arguments: str) -> None:
    """The command line `embtune ARGUMENTS…`."""
    from embtune_operator.cli import main

    sys.argv = ["embtune", *arguments]
    main()


def tiny_model(folder: str, texts: str, hidden: int) -> None:
    """A tiny model whose vocabulary is that of a file."""
    sys.path.append(str(Path(__file__).parents[1]))
    from support.tiny_model import make_tiny_model

    make_tiny_model(Path(folder), Path(texts).read_text().splitlines(), hidden=hidden)


def forked_warm(log: Path) -> WarmHandle:
    """The warm process of a run, forked instead of started; as after an exec, it has none of its parent's files."""
    (their_in, our_out), (our_in, their_out) = os.pipe(), os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            die_with_parent(parent)
            os.setsid()
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            redirect(their_in, their_out, str(log))
            embtune_trainer.warm.serve()
        finally:
            os._exit(0)
    os.close(their_in)
    os.close(their_out)
    return WarmHandle(pid, our_out, our_in, wait=lambda: os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def redirect(stdin: str | int, stdout: str | int, stderr: str) -> None:
    """Make these the standard streams, and close every other file."""
    targets = [(stdin, os.O_RDONLY), (stdout, os.O_WRONLY), (stderr, os.O_WRONLY)]
    for number, (target, mode) in enumerate(targets):
        writing = mode | os.O_CREAT | os.O_APPEND if mode == os.O_WRONLY else mode
        source = os.open(target, writing, 0o600) if isinstance(target, str) else target
        os.dup2(source, number)
    os.closerange(FIRST_FREE, 256)


def say(answer: object) -> None:
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.modules["nursery"] = sys.modules["__main__"]
    serve(Path(sys.argv[1]))
