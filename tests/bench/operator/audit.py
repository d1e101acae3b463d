"""What the API server's audit log says: when steps ended, when children were made, and how often a contestant wrote."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from servers.control_plane import ControlPlane
from support.bookkeeping import writes

CONTESTANT = "contestant"
"""The service account of whoever is measured."""
_CONTESTANTS_USER = f"system:serviceaccount:default:{CONTESTANT}"
CHILDREN = ("jobs", "pytorchjobs")
STEPS = ("prepare", "train", "evaluate", "publish")


@dataclass(frozen=True)
class Audit:
    entries: list[dict[str, Any]]

    @classmethod
    def of(cls, plane: ControlPlane) -> "Audit":
        return cls(plane.audited())

    def since(self, moment: datetime) -> "Audit":
        return Audit([entry for entry in self.entries if _began(entry) >= moment])

    def waits_for_next_child(self) -> list[float]:
        """Seconds from when a step's Job was made complete to the request that makes the next one of the same job."""
        children = self.children_made()
        ended: dict[str, datetime] = {}
        for entry in self._good("patch", "update", subresource="status"):
            if entry["objectRef"]["resource"] in CHILDREN and entry["userAgent"] == "simulated-node":
                ended.setdefault(entry["objectRef"]["name"], _ended(entry))
        found = []
        for name, moment in ended.items():
            following = next_child(name)
            if following in children:
                found.append((children[following] - moment).total_seconds())
        return found

    def children_made(self) -> dict[str, datetime]:
        """Child → when the API server was asked for it."""
        return {e["objectRef"]["name"]: _began(e) for e in self._good("create") if e["objectRef"]["resource"] in CHILDREN}

    def made(self, resource: str) -> dict[str, datetime]:
        """Object → when the API server was asked for it."""
        return {e["objectRef"]["name"]: _began(e) for e in self._good("create") if e["objectRef"]["resource"] == resource}

    def told(self) -> dict[str, datetime]:
        """Job → when the contestant's first status of it was written."""
        found: dict[str, datetime] = {}
        for entry in self._good("patch", "update", subresource="status"):
            if entry["objectRef"]["resource"] == "finetunejobs" and entry["user"]["username"] == _CONTESTANTS_USER:
                found.setdefault(entry["objectRef"]["name"], _ended(entry))
        return found

    def writes_of_contestant(self) -> list[dict[str, Any]]:
        """Leases apart."""
        by_it = (entry for entry in writes(self.entries) if entry["user"]["username"] == _CONTESTANTS_USER)
        return [entry for entry in by_it if entry["objectRef"]["resource"] != "leases"]

    def _good(self, *verbs: str, subresource: str = "") -> Iterable[dict[str, Any]]:
        for entry in self.entries:
            about = entry["objectRef"]
            if entry["verb"] in verbs and about.get("subresource", "") == subresource and entry["responseStatus"]["code"] < 300:
                yield entry


def next_child(name: str) -> str:
    """Of embtune's `ft-0a1b2c-train-1` and of the naive operator's `job-7-train`."""
    for step, following in pairwise(STEPS):
        if f"-{step}" in name:
            return name.replace(f"-{step}", f"-{following}")
    return ""


def _began(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["requestReceivedTimestamp"])


def _ended(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["stageTimestamp"])
