"""A node that computes nothing: it sees the children that an operator makes, writes what their steps would have written
(`PretendTrainer`), and sets their status as their controllers would. For planes without a Job controller.

So everything but the computing is real: the API server, the operator, the store, and the order of things.
"""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

import aiohttp
from pydantic import TypeAdapter

from embtune_api.requests import AnyRequest
from embtune_operator.kube import labels
from embtune_operator.kube.api import KubeApi
from embtune_operator.kube.kinds import JOB, POD, PYTORCHJOB, Kind
from embtune_store import open_store
from factories import PretendTrainer
from support.simulated_pods import ended_status, pod_name, pod_of, running_status, template_of

_REQUESTS: TypeAdapter[AnyRequest] = TypeAdapter(AnyRequest)
_AT_ONCE = 8


@dataclass
class SimulatedNode:
    """
    Args:
        store: URI of the store that the operator uses; its credentials come from the environment.
        held: steps that are begun but not ended, until they are taken out of this set and `release` is called.
        takes: seconds from when a child is seen to its end.
        pods: whether each child gets a pod, which starts and ends. Without, a child has only its own status.
    """

    kubeconfig: Path
    store: str
    held: set[str] = field(default_factory=set)
    takes: Callable[[], float] | None = None
    pods: bool = False
    created: dict[str, float] = field(default_factory=dict)
    """Child → when it was seen first, seconds of `time.monotonic`."""
    completed: dict[str, float] = field(default_factory=dict)
    """Child → when its status was set."""
    owners: dict[str, str] = field(default_factory=dict)
    """Child → uid of the job it was made for."""
    steps: dict[str, str] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    """Children whose pod runs."""
    serving: Event = field(default_factory=Event)
    """Set as soon as it looks for children."""
    _waiting: dict[str, tuple[Kind, dict[str, Any]]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self) -> None:
        """Until it is cancelled."""
        self._api = await KubeApi.connect(self.kubeconfig)
        self._api.connection.client.user_agent = "simulated-node"  # what it writes is not the operator's
        self._trainer = PretendTrainer(open_store(self.store))
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._loop = asyncio.get_running_loop()
        try:
            kinds = [kind for kind in (JOB, PYTORCHJOB) if await self._api.serves(kind)]
            self.serving.set()
            await asyncio.gather(*(self._watch(kind) for kind in kinds))
        finally:
            await self._api.close()

    def release(self, step: str) -> None:
        """Let the held children of a step end. May be called from any thread."""
        self._loop.call_soon_threadsafe(self._release, step)

    def _release(self, step: str) -> None:
        self.held.discard(step)
        for name in [name for name, (_, child) in self._waiting.items() if self.steps[child["metadata"]["name"]] == step]:
            self._begin(*self._waiting.pop(name))

    async def _watch(self, kind: Kind) -> None:
        """What there is, and then what happens, for as long as the server lets a watch live; then again."""
        client, selector = self._api.connection.client, f"labelSelector={quote(labels.OURS, safe='')}"
        while True:
            _, listed = await self._api.connection.request("GET", kind.path(), query=f"?{selector}", seconds=60)
            page = json.loads(listed)
            for item in page["items"]:
                self._see(kind, item)
            since = page["metadata"]["resourceVersion"]
            url = f"{client.configuration.host}{kind.path()}?watch=1&resourceVersion={since}&{selector}"
            forever = aiohttp.ClientTimeout(total=None, sock_read=None)
            headers = {"Accept": "application/json"}
            await self._api.connection.authorize(headers)
            answer = await client.rest_client.request("GET", url, headers=headers, _request_timeout=forever)
            async for line in answer.response.content:
                event = json.loads(line)
                if event["type"] in ("ADDED", "MODIFIED"):
                    self._see(kind, event["object"])

    def _see(self, kind: Kind, child: dict[str, Any]) -> None:
        name = child["metadata"]["name"]
        key = f"{child['metadata']['namespace']}/{name}"
        if key in self.created or any(
            c["type"] in ("Complete", "Succeeded") for c in child.get("status", {}).get("conditions") or []
        ):
            return
        self.created[key] = time.monotonic()
        self.owners[key] = child["metadata"]["labels"][labels.JOB_UID]
        self.steps[name] = self.steps[key] = child["metadata"]["labels"][labels.STEP]
        if self.steps[key] in self.held:
            self._waiting[key] = (kind, child)
            if self.pods:
                self._do(self._start(kind, child))
        else:
            self._begin(kind, child)

    def _begin(self, kind: Kind, child: dict[str, Any]) -> None:
        self._do(self._complete(kind, child))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start(self, kind: Kind, child: dict[str, Any]) -> None:
        """Give it a pod that runs, unless it has one."""
        namespace, name = child["metadata"]["namespace"], child["metadata"]["name"]
        if f"{namespace}/{name}" in self.running:
            return
        self.running.add(f"{namespace}/{name}")
        async with self._slots:
            await self._api.create(POD, pod_of(kind, child))
            await self._api.merge(POD, namespace, pod_name(child), {"status": running_status(kind, child)}, subresource="status")

    async def _complete(self, kind: Kind, child: dict[str, Any]) -> None:
        if self.pods:
            await self._start(kind, child)
        if self.takes:
            await asyncio.sleep(self.takes())
        async with self._slots:
            if request := template_of(kind, child)["metadata"].get("annotations", {}).get(labels.REQUEST):
                await asyncio.to_thread(self._trainer.work, _REQUESTS.validate_json(request))
            namespace, name = child["metadata"]["namespace"], child["metadata"]["name"]
            if self.pods:
                await self._api.merge(
                    POD, namespace, pod_name(child), {"status": ended_status(kind, child)}, subresource="status"
                )
            self.completed[f"{namespace}/{name}"] = time.monotonic()
            await self._api.merge(kind, namespace, name, {"status": _complete_status(kind)}, subresource="status")


@contextmanager
def simulated_node(node: SimulatedNode) -> Iterator[SimulatedNode]:
    """The node at work in a thread of its own. Raises at the end what went wrong in it."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="simulated node")
    thread.start()
    serving = asyncio.run_coroutine_threadsafe(node.serve(), loop)
    serving.add_done_callback(lambda _: node.serving.set())
    try:
        node.serving.wait(30)  # also: two threads that read one kubeconfig at a time disturb each other
        yield node
    finally:
        failure = serving.exception() if serving.done() else None
        serving.cancel()
        asyncio.run_coroutine_threadsafe(_end(), loop).result(timeout=30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=30)
        loop.close()
    if failure:
        raise failure


async def _end() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()


def _complete_status(kind: Kind) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def condition(name: str) -> dict[str, str]:
        times = {"lastProbeTime": now} if kind is JOB else {"lastUpdateTime": now}
        return {"type": name, "status": "True", "reason": "Simulated", "message": "", "lastTransitionTime": now, **times}

    if kind is JOB:
        return {
            "startTime": now,
            "completionTime": now,
            "succeeded": 1,
            "uncountedTerminatedPods": {},
            "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
        }
    return {
        "startTime": now,
        "completionTime": now,
        "replicaStatuses": {"Worker": {"succeeded": 1}},
        "conditions": [condition("Created"), condition("Succeeded")],
    }
