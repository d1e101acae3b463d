"""The release: one compare-and-swap, whatever crashes or races around it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from embtune_api.documents.publish import VersionRef
from embtune_api.errors import Conflict, InvalidInput, Tampered
from embtune_api.keys import LineKeys
from embtune_operator.registry.history import read_history, read_release, stage_of
from embtune_operator.registry.release import JobPromotion, promote, promote_judged, rollback
from embtune_store import Store, open_store
from factories import NOON, publish_version, transitions

LINE = LineKeys("search", "shop")


class Crash(BaseException):
    """The process dies here."""


class CrashingStore:
    """A store whose n-th write never happens."""

    def __init__(self, store: Store, survives: int) -> None:
        self._store, self._left = store, survives

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return self._counted(method) if name in ("put", "create", "swap", "delete") else method

    def _counted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def write(*arguments: Any) -> Any:
            if self._left == 0:
                raise Crash
            self._left -= 1
            return method(*arguments)

        return write


def a_line(*versions: int) -> tuple[Store, dict[int, VersionRef]]:
    store = open_store("memory://")
    return store, {number: publish_version(store, LINE, number) for number in versions}


def in_production(store: Store) -> tuple[int | None, int | None]:
    current = read_release(store, LINE)
    assert current
    production, previous = current.document.production, current.document.previous
    return production.version if production else None, previous.version if previous else None


def a_wish(version: VersionRef, champion: VersionRef | None, uid: str = "job") -> JobPromotion:
    return JobPromotion(uid, version, champion)


def test_a_first_promotion_has_nothing_before_it() -> None:
    store, refs = a_line(1)
    promote_judged(store, LINE, a_wish(refs[1], None), "passed", NOON)
    assert in_production(store) == (1, None)
    assert transitions(read_history(store, LINE)) == [(1, "Promote", None, 1)]


def test_a_changed_champion_means_judge_again() -> None:
    store, refs = a_line(1, 2, 3)
    promote(store, LINE, 1, "", NOON)
    promote(store, LINE, 2, "", NOON)
    with pytest.raises(Conflict, match="judged against v1, but v2 is in production"):
        promote_judged(store, LINE, a_wish(refs[3], refs[1]), "passed", NOON)
    assert in_production(store) == (2, 1)


def test_a_job_is_promoted_once_even_after_its_version_was_replaced() -> None:
    store, refs = a_line(1, 2)
    promote_judged(store, LINE, a_wish(refs[1], None), "passed", NOON)
    promote(store, LINE, 2, "", NOON)
    promote_judged(store, LINE, a_wish(refs[1], None), "passed", NOON)
    assert in_production(store) == (2, 1)


def test_rollbacks_lead_back_one_after_the_other() -> None:
    store, _ = a_line(1, 2, 3)
    for number in (1, 2, 3):
        promote(store, LINE, number, "", NOON)
    rollback(store, LINE, "", NOON)
    assert in_production(store) == (2, 1)
    rollback(store, LINE, "", NOON)
    assert in_production(store) == (1, None)
    with pytest.raises(InvalidInput, match="no version before it"):
        rollback(store, LINE, "", NOON)
    history = read_history(store, LINE)
    assert transitions(history)[3:] == [(4, "Rollback", 3, 2), (5, "Rollback", 2, 1)]
    assert [stage_of(number, history, "Passed") for number in (1, 2, 3)] == ["Production", "RolledBack", "RolledBack"]


def test_a_rollback_never_leads_to_a_version_that_was_rolled_back() -> None:
    store, _ = a_line(1, 2)
    for number in (1, 2, 1):
        promote(store, LINE, number, "", NOON)
    rollback(store, LINE, "", NOON)
    assert in_production(store) == (2, None)
    with pytest.raises(InvalidInput, match="no version before it"):
        rollback(store, LINE, "", NOON)


def test_a_rollback_leads_past_what_was_rolled_back() -> None:
    store, _ = a_line(1, 2, 3, 4)
    for number in (1, 2, 3):
        promote(store, LINE, number, "", NOON)
    rollback(store, LINE, "3 is bad", NOON)
    promote(store, LINE, 4, "", NOON)
    rollback(store, LINE, "4 is bad", NOON)
    assert in_production(store) == (2, 1)


def test_a_version_promoted_after_a_rollback_goes_back_to_the_same_one() -> None:
    store, _ = a_line(1, 2, 3)
    promote(store, LINE, 1, "", NOON)
    promote(store, LINE, 2, "", NOON)
    rollback(store, LINE, "", NOON)
    promote(store, LINE, 3, "", NOON)
    rollback(store, LINE, "", NOON)
    assert in_production(store) == (1, None)


def refused(store: Store, number: int, **how: Any) -> str:
    with pytest.raises(InvalidInput) as error:
        promote(store, LINE, number, how.pop("reason", ""), NOON, **how)
    return str(error.value)


def test_rolled_back_and_rejected_versions_need_force_and_a_reason() -> None:
    store, _ = a_line(1, 2)
    publish_version(store, LINE, 3, outcome="Rejected")
    promote(store, LINE, 1, "", NOON)
    promote(store, LINE, 2, "", NOON)
    rollback(store, LINE, "", NOON)
    assert "v2 was rolled back" in refused(store, 2)
    assert "v3 was rejected" in refused(store, 3)
    assert "--force needs --reason" in refused(store, 3, force=True)
    assert "no version 9" in refused(store, 9)
    promote(store, LINE, 2, "the complaint was wrong", NOON, force=True)
    history = read_history(store, LINE)
    assert (history[-1].transition.reason, stage_of(2, history, "Passed")) == ("the complaint was wrong", "Production")


def test_a_flipped_byte_is_never_promoted() -> None:
    store, refs = a_line(1)
    store.put(f"{LINE.version(1).model}/model.safetensors", b"weights of 2")
    with pytest.raises(Tampered):
        promote(store, LINE, 1, "", NOON)
    with pytest.raises(Tampered):
        promote_judged(store, LINE, a_wish(refs[1], None), "passed", NOON)
    assert read_release(store, LINE) is None


def test_a_flipped_byte_of_what_is_in_production_is_told() -> None:
    store, _ = a_line(1)
    promote(store, LINE, 1, "", NOON)
    store.put(f"{LINE.version(1).model}/model.safetensors", b"weights of 2")
    with pytest.raises(Tampered):
        promote(store, LINE, 1, "", NOON)


def test_a_rollback_to_a_changed_manifest_changes_nothing() -> None:
    store, _ = a_line(1, 2)
    promote(store, LINE, 1, "", NOON)
    promote(store, LINE, 2, "", NOON)
    manifest = store.get(LINE.version(1).manifest)
    store.put(LINE.version(1).manifest, manifest.replace(b'"size"', b'"size" '))
    rollback(store, LINE, "", NOON)  # white space is not content
    promote(store, LINE, 2, "again", NOON, force=True)
    store.delete(LINE.version(1).manifest)
    with pytest.raises(Tampered, match="is gone"):
        rollback(store, LINE, "", NOON)
    assert in_production(store) == (2, 1)


def test_a_rollback_to_changed_bytes_goes_through_and_says_so() -> None:
    store, _ = a_line(1, 2)
    promote(store, LINE, 1, "", NOON)
    promote(store, LINE, 2, "", NOON)
    store.put(f"{LINE.version(1).model}/model.safetensors", b"weights of X")
    with pytest.raises(Tampered, match=r"shop v1 is in production again, but it is damaged: .* embtune promote shop@N") as error:
        rollback(store, LINE, "", NOON)
    assert "not used" not in str(error.value)
    assert in_production(store) == (1, None)


STORIES: dict[str, list[Callable[[Store, dict[int, VersionRef]], object]]] = {
    "a job's promotion": [
        lambda store, refs: promote_judged(store, LINE, a_wish(refs[1], None), "passed", NOON),
        lambda store, refs: promote_judged(store, LINE, a_wish(refs[2], refs[1], "job-2"), "passed", NOON),
    ],
    "a promotion by hand": [
        lambda store, _: promote(store, LINE, 1, "", NOON),
        lambda store, _: promote(store, LINE, 2, "", NOON),
    ],
}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("survives", range(6))
def test_a_crash_between_any_two_writes_is_finished_and_not_repeated(story: str, survives: int) -> None:
    store, refs = a_line(1, 2)
    crashing: Any = CrashingStore(store, survives)
    done = 0
    try:
        for act in STORIES[story]:
            act(crashing, refs)
            done += 1
    except Crash:
        for act in STORIES[story][done:]:
            act(store, refs)
    assert transitions(read_history(store, LINE)) == [(1, "Promote", None, 1), (2, "Promote", 1, 2)]
    assert in_production(store) == (2, 1)
    assert store.exists(LINE.history(1)), "seq 1 is completed before seq 2 starts"


def test_two_who_promote_at_once_make_one_history() -> None:
    for _ in range(20):
        store, refs = a_line(1, 2, 3)
        promote(store, LINE, 1, "", NOON)
        barrier = threading.Barrier(2)
        outcomes: list[object] = []

        def run(number: int) -> None:
            barrier.wait()  # noqa: B023
            try:
                outcomes.append(promote_judged(store, LINE, a_wish(refs[number], refs[1], f"job-{number}"), "", NOON))  # noqa: B023
            except Conflict as conflict:
                outcomes.append(conflict)  # noqa: B023

        threads = [threading.Thread(target=run, args=(number,)) for number in (2, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
        history = read_history(store, LINE)
        assert [release.seq for release in history] == [1, 2]
        assert in_production(store) == (history[1].transition.to_version, 1)
