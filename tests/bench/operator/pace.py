"""How fast this machine is at the moment: processors of a shared host may do twice as much in one hour as in another."""

import time

STEPS = 10_000_000


def pace() -> float:
    """Millions of steps of a Python loop that one core does in a second of its own time."""
    began, total = time.process_time(), 0
    for step in range(STEPS):
        total += step
    return STEPS / 1e6 / (time.process_time() - began)
