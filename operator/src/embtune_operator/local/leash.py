"""Becomes a command that the kernel kills when its parent dies, however it dies.

Run as a script: `python -I -S leash.py PARENT_PID PROGRAM ARGUMENT…`. A `preexec_fn` would do the same in one process,
but it is not safe in a program with threads. Linux only; elsewhere the command runs without a leash.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the leash was on
            sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
