"""A step as the first process of a container: PID 1, which the kernel spares from signals that it does not handle, and to
which orphans are given."""

import os
import signal
import sys

PASSED_ON = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}


def leave_pid_1() -> None:
    """Return in a child that does the work; PID 1 passes signals on to it, buries the dead, and ends as the child does.

    Elsewhere than in PID 1 nothing happens.
    """
    if os.getpid() != 1:
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)  # none is lost between the fork and the handlers
    worker = os.fork()
    if worker == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        return
    for number in PASSED_ON:
        signal.signal(number, lambda received, _: os.kill(worker, received))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    while True:
        ended, status = os.wait()
        if ended == worker:
            code = os.waitstatus_to_exitcode(status)
            sys.stdout.flush()
            os._exit(code if code >= 0 else 128 - code)
