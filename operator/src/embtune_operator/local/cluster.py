"""A cluster of this machine: each child is a process, or a step of the warm process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from embtune_api.errors import Exit
from embtune_api.requests import TrainRequest
from embtune_operator.cluster import ChildState
from embtune_operator.local.warm import WarmProcess, leashed, start_warm, trainer_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from embtune_api.requests import AnyRequest
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import FineTuneJobStatus, ModelVersionStatus
    from embtune_operator.cluster import Child, Event
    from embtune_operator.local.warm import WarmHandle

WARM_STEPS = frozenset({"train", "evaluate"})
_LAST_LINES = 12


@dataclass
class _Running:
    """A child, with what it takes to end it."""

    state: ChildState
    log: Path
    task: asyncio.Task[None] | None = None
    process: asyncio.subprocess.Process | None = None
    """None for a step of the warm process."""


@dataclass
class LocalCluster:
    """Runs steps in processes that end with this one. To be used from one event loop.

    Args:
        scratch: an empty folder for requests and logs.
        on_status, on_event: who is told.
        start_warm: starts the warm process; called once, with its log file, together with the first step. None: no step that
            needs it will be run.
    """

    scratch: Path
    on_status: Callable[[FineTuneJobStatus], None]
    on_event: Callable[[Event], None]
    start_warm: Callable[[Path], WarmHandle] | None = start_warm
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever a child has ended."""
    _children: dict[str, _Running] = field(default_factory=dict)
    _warm: WarmProcess | None = None

    async def children(self, job: FineTuneJob) -> list[ChildState]:  # noqa: ARG002
        return [running.state for running in self._children.values()]

    async def launch(self, job: FineTuneJob) -> None:
        """None: there is one way to launch a process."""

    async def create(self, job: FineTuneJob, child: Child) -> None:
        if child.name in self._children:
            return
        request = _for_one_node(child.request, job.spec.runtime.nodes)
        self._request_file(child.name).write_bytes(request.model_dump_json().encode())
        state = ChildState(child.name, request.step, request.digest, child.attempt, "Running", started_at=_now())
        running = self._children[child.name] = _Running(state, self.scratch / f"{child.name}.log")
        if request.step != "publish" and self._warm is None and self.start_warm:
            self._warm = WarmProcess(self.start_warm(self.scratch / "warm.log"))
        running.task = asyncio.create_task(self._run(running))

    async def delete(self, job: FineTuneJob, name: str) -> None:  # noqa: ARG002
        running = self._children.get(name)
        if running is None:
            return
        self._signal(running, signal.SIGKILL)
        if running.task:
            await running.task
        del self._children[name]

    async def record_version(self, job: FineTuneJob, version: ModelVersionStatus) -> None:
        """The store itself is all that a local run has of a version."""

    async def write_status(self, job: FineTuneJob, status: FineTuneJobStatus) -> None:  # noqa: ARG002
        self.on_status(status)

    async def tell(self, job: FineTuneJob, event: Event) -> None:  # noqa: ARG002
        self.on_event(event)

    async def stop(self, grace: float, hurry: asyncio.Event) -> bool:
        """Ask every running step to stop, and wait until it has, at most `grace` seconds or until `hurry` is set.

        Returns whether all of them stopped by themselves; `close` ends the others.
        """
        tasks = [running.task for running in self._running() if running.task]
        for running in self._running():
            self._signal(running, signal.SIGTERM)
        if not tasks:
            return True
        hurried = asyncio.create_task(hurry.wait())
        everyone = asyncio.create_task(_all_of(tasks))
        await asyncio.wait([hurried, everyone], timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        everyone.cancel()
        return all(task.done() for task in tasks)

    async def close(self) -> None:
        """Leave no process behind."""
        for running in self._running():
            self._signal(running, signal.SIGKILL)
        if self._warm:
            await self._warm.close()
        await _all_of([running.task for running in self._children.values() if running.task])

    def _running(self) -> list[_Running]:
        return [running for running in self._children.values() if running.state.state == "Running"]

    async def _run(self, running: _Running) -> None:
        name, step = running.state.name, running.state.step
        request, said = self._request_file(name), self.scratch / f"{name}.said"
        if step in WARM_STEPS and self._warm:
            code = await self._warm.run(name, step, request, running.log, said)
        else:
            code = await self._run_process(running, leashed(step, "--request", str(request)), said)
        message = "" if code == Exit.OK else self._message(running, code, said)
        ended: Literal["Succeeded", "Failed"] = "Succeeded" if code == Exit.OK else "Failed"
        running.state = replace(running.state, state=ended, exit_code=code, message=message, finished_at=_now())
        self.changed.set()

    async def _run_process(self, running: _Running, command: list[str], said: Path) -> int:
        with running.log.open("ab") as log:
            running.process = process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**trainer_environment(self.scratch), "EMBTUNE_TERMINATION_LOG": str(said)},
                start_new_session=True,  # Ctrl-C is for embtune, which says what is to stop
            )
        return await process.wait()

    def _signal(self, running: _Running, number: int) -> None:
        if running.process:
            with contextlib.suppress(ProcessLookupError):
                running.process.send_signal(number)
        elif running.state.step in WARM_STEPS and self._warm:
            self._warm.signal(running.state.name, number)
        elif running.task:
            running.task.cancel()  # its process has not been started yet

    def _message(self, running: _Running, code: int, said: Path) -> str:
        """The paragraph that the step left, or the end of its log."""
        if said.exists() and (paragraph := said.read_text(encoding="utf-8", errors="replace").strip()):
            return paragraph
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        lines = _last_lines(running.log) or _last_lines(self.scratch / "warm.log")
        return f"{running.state.step} {how}; " + (f"the last lines of its log:\n{lines}" if lines else "it said nothing")

    def _request_file(self, name: str) -> Path:
        return self.scratch / f"{name}.json"


def _for_one_node(request: AnyRequest, nodes: int) -> AnyRequest:
    """This machine stands in for all nodes of a training: it runs the processes of each."""
    return request.model_copy(update={"processes": request.processes * nodes}) if isinstance(request, TrainRequest) else request


async def _all_of(tasks: list[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(tasks)


def _last_lines(log: Path) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:])


def _now() -> datetime:
    return datetime.now(UTC)
