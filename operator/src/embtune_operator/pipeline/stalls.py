"""Which running child has stalled: its progress has stood still for too long, by this process's own clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.status import Progress
    from embtune_operator.settings import Settings


@dataclass(frozen=True)
class _Watched:
    child: str
    progress: tuple[object, ...]
    patient_until: float
    """On the monotonic clock."""


class Stalls:
    """What the progress of each job's running child was, and since when. Lost with the process: then grace starts anew."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._watched: dict[str, _Watched] = {}

    def has_stalled(self, job_uid: str, child: str, progress: Progress | None, settings: Settings) -> bool:
        """To be asked on every look at a running child."""
        if settings.stall_seconds is None:
            return False
        now, shown, before = self._clock(), _signature(progress), self._watched.get(job_uid)
        if before is None or before.child != child:
            patience = settings.start_grace_seconds + settings.stall_seconds
            self._watched[job_uid] = _Watched(child, shown, now + patience)
            return False
        if before.progress != shown:
            self._watched[job_uid] = _Watched(child, shown, self._patient_until(before, progress, now + settings.stall_seconds))
            return False
        return now >= before.patient_until

    @staticmethod
    def _patient_until(before: _Watched, progress: Progress | None, from_now: float) -> float:
        """The grace of the start is over once steps are done: what was slow (images, models) is there."""
        return from_now if progress and progress.step else max(before.patient_until, from_now)

    def forget(self, job_uid: str) -> None:
        self._watched.pop(job_uid, None)


def _signature(progress: Progress | None) -> tuple[object, ...]:
    """What moves when work gets done; estimates move by themselves."""
    if progress is None:
        return ()
    return progress.percent, progress.step, progress.epoch, progress.loss, progress.message
