"""The API server as seen from here: plain JSON objects of the kinds in `kinds`."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from embtune_operator.cluster import ClusterError
from embtune_operator.kube.connection import Connection, connect
from embtune_operator.kube.errors import Missing, refusal
from embtune_operator.kube.kinds import POD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from embtune_operator.kube.kinds import Kind

Object = dict[str, Any]
FIELD_MANAGER = "embtune"
_MERGE, _APPLY = "application/merge-patch+json", "application/apply-patch+yaml"
_CALL_SECONDS, _LIST_SECONDS = 15.0, 60.0
_PAGE = 500
_DISCOVERY_SECONDS, _UNKNOWN_SECONDS = 60.0, 5.0
"""How long it is believed that a kind is known, and that it is not: what was just installed is to be used soon."""


@dataclass
class KubeApi:
    """To be used from one event loop, by as many tasks as want to.

    Every call has a time limit and is tried again after connection errors, 429 and 5xx, a `create` too: the second try of
    one that had worked says AlreadyExists. All raise `ClusterError`, or what is below it in `errors`.
    """

    connection: Connection
    _served: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)

    @classmethod
    async def connect(cls, kubeconfig: Path | None = None, context: str | None = None) -> Self:
        """In a pod: as its service account. Elsewhere: as `kubectl` would, or by that file and context."""
        return cls(await connect(kubeconfig, context))

    async def close(self) -> None:
        await self.connection.close()

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        try:
            return await self._object("GET", kind.path(namespace, name), f"read {_called(kind, namespace, name)}")
        except Missing:
            return None

    async def list(self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Object]:
        """All objects that the selectors choose, in a namespace or everywhere. Objects carry no `kind` of their own in a list."""
        items: list[Object] = []
        wanted = (
            {"limit": str(_PAGE)} | ({"labelSelector": labels} if labels else {}) | ({"fieldSelector": fields} if fields else {})
        )
        onward = ""
        while True:
            status, answer = await self.connection.request(
                "GET",
                kind.path(namespace),
                query=_query(wanted | ({"continue": onward} if onward else {})),
                seconds=_LIST_SECONDS,
            )
            if status == 410 and onward:  # the list took longer than the server remembers: from the beginning
                items, onward = [], ""
                continue
            with self._doubting_kinds():
                page = _parsed(f"list {kind.plural} in {namespace or 'all namespaces'}", status, answer)
            items += page.get("items") or []
            onward = page["metadata"].get("continue", "")
            if not onward:
                return items

    async def create(self, kind: Kind, body: Object) -> Object:
        """Raises AlreadyExists when one of that name is there, whoever made it."""
        metadata = body["metadata"]
        what = f"create {_called(kind, metadata.get('namespace'), metadata['name'])}"
        with self._doubting_kinds():
            return await self._object("POST", kind.path(metadata.get("namespace")), what, body=body)

    async def delete(
        self, kind: Kind, namespace: str | None, name: str, *, uid: str | None = None, propagation: str = "Background"
    ) -> None:
        """No error when it is gone. With a `uid`: nor when another object has its name; that one stays."""
        options: Object = {"propagationPolicy": propagation} | ({"preconditions": {"uid": uid}} if uid else {})
        status, answer = await self.connection.request("DELETE", kind.path(namespace, name), body=options, seconds=_CALL_SECONDS)
        if status == 404 or (status == 409 and uid):
            return
        _parsed(f"delete {_called(kind, namespace, name)}", status, answer)

    async def merge(self, kind: Kind, namespace: str | None, name: str, patch: Object, *, subresource: str = "") -> Object:
        """JSON merge patch. With `metadata.resourceVersion` in it, Conflict when somebody changed the object meanwhile."""
        what = f"change {_called(kind, namespace, name)}"
        return await self._object("PATCH", kind.path(namespace, name, subresource), what, body=patch, content=_MERGE)

    async def apply_status(self, kind: Kind, body: Object) -> Object:
        """Server-side apply: `body` holds all of the status that is ours, and the names that say whose it is."""
        body = {**body, "status": _without_empty_mappings(body["status"])}
        namespace, name = body["metadata"].get("namespace"), body["metadata"]["name"]
        what = f"write the status of {_called(kind, namespace, name)}"
        query = _query({"fieldManager": FIELD_MANAGER, "force": "true"})
        return await self._object("PATCH", kind.path(namespace, name, "status"), what, query=query, body=body, content=_APPLY)

    async def serves(self, kind: Kind) -> bool:
        """Whether the API server knows this kind, as of the last minute; one that it does not know is asked for again soon."""
        read_at, plurals = self._served.get(kind.root, (0.0, frozenset[str]()))
        believed = _DISCOVERY_SECONDS if kind.plural in plurals else _UNKNOWN_SECONDS
        if not read_at or time.monotonic() - read_at > believed:
            try:
                found = await self._object("GET", kind.root, f"list the kinds of {kind.api_version}")
            except Missing:
                found = {"resources": []}
            plurals = frozenset(resource["name"] for resource in found["resources"])
            self._served[kind.root] = (time.monotonic(), plurals)
        return kind.plural in plurals

    def rediscover(self) -> None:
        """Ask anew which kinds there are: something has shown that what was known is no longer true."""
        self._served.clear()

    @contextmanager
    def _doubting_kinds(self) -> Iterator[None]:
        """Where a whole collection is missing, its kind may have been removed a moment ago."""
        try:
            yield
        except Missing:
            self.rediscover()
            raise

    async def pod_log(self, namespace: str, name: str, tail_lines: int) -> str:
        """The last lines of what a pod with one container printed."""
        status, answer = await self.connection.request(
            "GET", POD.path(namespace, name, "log"), query=_query({"tailLines": str(tail_lines)}), seconds=_CALL_SECONDS
        )
        if status != 200:
            raise refusal(f"read the log of pod {namespace}/{name}", status, answer)
        return answer.decode(errors="replace")

    async def _object(
        self, method: str, path: str, what: str, *, query: str = "", body: Object | None = None, content: str = "application/json"
    ) -> Object:
        status, answer = await self.connection.request(
            method, path, query=query, body=body, content=content, seconds=_CALL_SECONDS
        )
        return _parsed(what, status, answer)


def _parsed(what: str, status: int, answer: bytes) -> Object:
    if not 200 <= status < 300:
        raise refusal(what, status, answer)
    try:
        found: Object = json.loads(answer)
    except ValueError as error:
        raise ClusterError(f"Kubernetes was asked to {what}; its answer is no JSON: {answer[:200]!r}") from error
    return found


def _called(kind: Kind, namespace: str | None, name: str) -> str:
    return f"{kind.kind} {namespace}/{name}" if namespace else f"{kind.kind} {name}"


def _query(parameters: dict[str, str]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""


def _without_empty_mappings(status: Object) -> Object:
    """Server-side apply makes null of a mapping that becomes empty, and then refuses its own null; one that is left out goes."""
    kept = {name: _without_empty_mappings(value) if isinstance(value, dict) else value for name, value in status.items()}
    return {name: value for name, value in kept.items() if value != {}}
