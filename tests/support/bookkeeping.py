"""What several operators must agree on: what was made, in the API server and in the store, and how often it was written."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from embtune_api.documents.publish import VersionManifest
from embtune_api.documents.release import Release
from embtune_api.keys import LineKeys
from embtune_store import documents
from support.operated_cluster import Cluster

_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


def assert_nothing_twice(cluster: Cluster, lines: dict[str, str]) -> None:
    """Every child, version and history entry once.

    Args:
        lines: job → its line; all of them have succeeded.
    """
    assert_children_once(cluster, set(lines))
    assert_versions_once(cluster, lines)
    for line in set(lines.values()):
        assert_history_once(cluster, line)


def assert_children_once(cluster: Cluster, jobs: set[str]) -> None:
    """A changed champion has a candidate evaluated again, which is other work. None was made and taken away."""
    works = cluster.works()
    assert [work for work, times in Counter(works).items() if times > 1] == []
    steps = {"prepare", "train", "evaluate", "publish"}
    assert {(job, step) for job, step, _ in works} == {(job, step) for job in jobs for step in steps}
    assert len(created(cluster, "jobs")) == len(works)


def assert_versions_once(cluster: Cluster, lines: dict[str, str]) -> None:
    shown = [(v["spec"]["model"], v["spec"]["version"], v["spec"]["job"]) for v in cluster.objects("modelversions")]
    assert sorted((line, job) for line, _, job in shown) == sorted((line, job) for job, line in lines.items())
    assert len(created(cluster, "modelversions")) == len(shown)
    for line, jobs in by_line(lines).items():
        numbers = list(range(1, len(jobs) + 1))
        assert sorted(number for of, number, _ in shown if of == line) == numbers
        keys = LineKeys(cluster.namespace, line)
        claimed = {
            int(found.key.removeprefix(f"{keys.versions}/").partition("/")[0]) for found in cluster.store.list(keys.versions)
        }
        assert sorted(claimed) == numbers
        assert all(documents.read(cluster.store, keys.version(number).manifest, VersionManifest) for number in numbers)


def assert_history_once(cluster: Cluster, line: str) -> None:
    """Without gaps, each job's promotion once, and ending in what is in production."""
    keys = LineKeys(cluster.namespace, line)
    release = documents.read(cluster.store, keys.release, Release)
    assert release
    found = sorted(int(Path(entry.key).stem) for entry in cluster.store.list(keys.history_folder))
    assert found == list(range(1, release.seq + 1))
    entries = [documents.read(cluster.store, keys.history(seq), Release) for seq in found]
    assert entries[-1] == release
    promoted = [entry.transition.job_uid for entry in entries if entry]
    assert len(promoted) == len(set(promoted))


def by_line(lines: dict[str, str]) -> dict[str, list[str]]:
    return {line: [job for job, of in lines.items() if of == line] for line in set(lines.values())}


def created(cluster: Cluster, resource: str) -> list[dict[str, Any]]:
    """The requests that have made objects of that kind in the cluster's namespace."""
    return [
        entry
        for entry in writes(cluster.plane.audited())
        if entry["verb"] == "create"
        and entry["objectRef"].get("namespace") == cluster.namespace
        and entry["objectRef"]["resource"] == resource
        and entry["responseStatus"]["code"] == 201
    ]


def writes(audited: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in audited if entry["verb"] in _WRITES]


def operators_writes(audited: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What operators have sent to change something, whatever the answer; Leases apart."""
    return [
        entry
        for entry in writes(audited)
        if entry.get("userAgent", "").startswith("embtune") and entry["objectRef"]["resource"] != "leases"
    ]
