"""What the operator itself says of its store: it has the credentials, and whoever asks the doctor may have none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from embtune_operator.client.doctor.finding import Finding, error, ok, warning
from embtune_operator.client.doctor.operator import find_operator
from embtune_operator.cluster import ClusterError
from embtune_operator.kube.kinds import POD

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi
    from embtune_operator.kube.platform import Platform

RECENT = timedelta(minutes=10)
"""The operator tries again at least every five minutes what has failed, and says so."""
_LINES = 500


async def check_store(api: KubeApi, platform: Platform | None) -> list[Finding]:
    deployment = await find_operator(api)
    if platform is None or deployment is None:
        return [warning("store", "the operator's settings cannot be read from here", "ask somebody who may read its ConfigMap")]
    store = platform.store
    where = f"{store.uri}{' at ' + store.endpoint if store.endpoint else ''}"
    home, selector = deployment["metadata"]["namespace"], deployment["spec"]["selector"]["matchLabels"]
    try:
        pods = await api.list(POD, home, labels=",".join(f"{name}={value}" for name, value in selector.items()))
        logs = [await api.pod_log(home, pod["metadata"]["name"], _LINES) for pod in pods]
    except ClusterError as refusal:
        return [warning("store", f"{where}: the operator's log cannot be read: {refusal}", "ask somebody who may")]
    if complaints := [said for log in logs for said in complaints_in(log, store.uri, datetime.now(UTC))]:
        remedy = "check the Secret with the store's credentials, the endpoint and the bucket in the chart's values"
        return [error("store", f"{where}: {complaints[-1][:600]}", remedy)]
    isolated = "" if store.sts else " (sts is off: jobs are not isolated from each other)"
    return [ok("store", f"{where}: the operator has no complaints{isolated}")]


def complaints_in(log: str, uri: str, now: datetime) -> list[str]:
    """What an operator's log, in either of its formats, has said of the store of late."""
    marks = (uri.rstrip("/"), "object store", "for the store")
    lines = [_read(line) for line in log.splitlines()]
    return [
        text
        for at, level, text in lines
        if level in ("warning", "error") and now - at < RECENT and any(mark in text for mark in marks)
    ]


def _read(line: str) -> tuple[datetime, str, str]:
    """Time, level and text; a line of a traceback has no level."""
    try:
        if line.startswith("{"):
            entry = json.loads(line)
            return _time(entry["time"]), str(entry["level"]), str(entry["message"])
        time, level, text = line.split(" ", 2)
        return _time(time), level, text
    except (ValueError, KeyError, TypeError):
        return datetime.min.replace(tzinfo=UTC), "", line


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
