"""A version's files go for good: never those in production, never half, and its number is never given again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embtune_api.documents.publish import Claim, VersionRef
from embtune_api.errors import Conflict, EmbtuneError, InvalidInput, Tampered
from embtune_api.keys import LineKeys
from embtune_operator.registry.deletion import delete_version
from embtune_operator.registry.history import read_history, read_release, stage_of
from embtune_operator.registry.release import promote, retire, rollback
from embtune_operator.registry.versions import read_manifest, verify_version, version_numbers
from embtune_store import Store, documents, open_store
from factories import NOON, publish_version, transitions
from support.failing import Faults, failing_store

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = LineKeys("search", "shop")
WRITES = {"put", "create", "swap", "delete"}


class Crash(BaseException):
    """The process dies here."""


def a_line(*versions: int) -> tuple[Store, dict[int, VersionRef]]:
    store = open_store("memory://")
    refs = {number: publish_version(store, LINE, number) for number in versions}
    for number in versions:
        documents.create(store, LINE.version(number).claim, Claim(job_uid=f"job-{number}", digest="d"))
    return store, refs


def before_write(store: Store, number: int, act: Callable[[], object]) -> Store:
    """The store, which lets `act` happen before its n-th write, counted from 0."""
    left = [number]

    def strikes(_: int, name: str) -> bool:
        if name in WRITES:
            left[0] -= 1
            if left[0] == -1:
                act()
        return False

    return failing_store(store, Faults(strikes, RuntimeError))


def crashing(store: Store, survives: int) -> Store:
    def die() -> None:
        raise Crash

    return before_write(store, survives, die)


def delete(store: Store, ref: VersionRef) -> bool:
    return delete_version(store, LINE, ref, "deleted", NOON)


def left_of(store: Store, number: int) -> list[str]:
    root = LINE.version(number).root
    return sorted(found.key.removeprefix(f"{root}/") for found in store.list(root))


def in_production(store: Store) -> int | None:
    current = read_release(store, LINE)
    return current.document.production.version if current and current.document.production else None


def test_the_files_go_and_the_number_stays_taken() -> None:
    store, refs = a_line(1, 2)
    promote(store, LINE, 2, "", NOON)
    assert delete(store, refs[1])
    assert left_of(store, 1) == ["claim.json"]
    assert version_numbers(store, LINE) == [2]
    assert transitions(read_history(store, LINE)) == [(1, "Promote", None, 2), (2, "Delete", None, 1)]
    assert in_production(store) == 2
    assert stage_of(2, read_history(store, LINE), "Passed") == "Production"


def test_a_line_that_has_released_nothing_may_lose_a_version() -> None:
    store, refs = a_line(1, 2)
    assert delete(store, refs[1])
    assert in_production(store) is None
    promote(store, LINE, 2, "", NOON)
    assert in_production(store) == 2


def test_what_is_in_production_stays() -> None:
    store, refs = a_line(1)
    promote(store, LINE, 1, "", NOON)
    everything = left_of(store, 1)
    with pytest.raises(InvalidInput, match=r"shop v1 is in production.*deletionPolicy: Retain"):
        delete(store, refs[1])
    assert left_of(store, 1) == everything


def test_another_version_under_the_number_is_left_alone() -> None:
    store, refs = a_line(1)
    assert not delete(store, refs[1].model_copy(update={"digest": "0" * 64}))
    assert not delete(store, VersionRef(version=7, digest="0" * 64))
    assert version_numbers(store, LINE) == [1]
    assert read_history(store, LINE) == []


def test_a_deleted_version_is_never_promoted_and_never_rolled_back_to() -> None:
    store, refs = a_line(1, 2, 3)
    for number in (1, 2, 3):
        promote(store, LINE, number, "", NOON)
    retire(store, LINE, 2, "", NOON)
    with pytest.raises(InvalidInput, match="shop v2 was deleted"):
        promote(store, LINE, 2, "at once", NOON, force=True)
    delete(store, refs[2])
    rollback(store, LINE, "", NOON)
    assert in_production(store) == 1
    with pytest.raises(InvalidInput, match="no version before it"):
        rollback(store, LINE, "", NOON)


@pytest.mark.parametrize("survives", range(9))
def test_a_deletion_that_was_cut_short_is_finished_and_not_repeated(survives: int) -> None:
    store, refs = a_line(1, 2)
    promote(store, LINE, 2, "", NOON)
    try:
        delete(crashing(store, survives), refs[1])
    except Crash:
        if 1 in version_numbers(store, LINE):
            verify_version(store, LINE, 1, read_manifest(store, LINE, 1))  # never a version that is half there
        assert delete(store, refs[1])
    else:
        assert survives >= 7, "every write was reached by a crash"
    assert left_of(store, 1) == ["claim.json"]
    assert transitions(read_history(store, LINE)) == [(1, "Promote", None, 2), (2, "Delete", None, 1)]


@pytest.mark.parametrize("number", range(8))
def test_whoever_promotes_while_it_is_deleted_never_leaves_a_gap_in_production(number: int) -> None:
    store, refs = a_line(1, 2)
    promote(store, LINE, 2, "", NOON)
    outcomes: list[object] = []

    def other() -> None:
        outcomes.append(attempted(lambda: promote(store, LINE, 1, "", NOON)))

    outcomes.append(attempted(lambda: delete(before_write(store, number, other), refs[1])))
    assert_sound(store)
    assert len(outcomes) == (2 if number < 7 else 1)


@pytest.mark.parametrize("number", range(2))
def test_whoever_deletes_while_it_is_promoted_never_leaves_a_gap_in_production(number: int) -> None:
    store, refs = a_line(1, 2)
    promote(store, LINE, 2, "", NOON)
    outcomes: list[object] = []

    def other() -> None:
        outcomes.append(attempted(lambda: delete(store, refs[1])))

    outcomes.append(attempted(lambda: promote(before_write(store, number, other), LINE, 1, "", NOON)))
    assert any(isinstance(outcome, EmbtuneError) for outcome in outcomes), "one of them was too late"
    assert_sound(store)


def attempted(act: Callable[[], object]) -> object:
    try:
        return act()
    except (Conflict, InvalidInput, Tampered) as refusal:
        return refusal


def assert_sound(store: Store) -> None:
    production = in_production(store)
    assert production is not None
    verify_version(store, LINE, production, read_manifest(store, LINE, production))
