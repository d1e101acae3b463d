"""What became of the newest `embtune.dev/request` on a ModelVersion or an EmbeddingModel.

A request is carried out once, also when the operator dies between the release and the status, and when two operators read it
at the same moment: the release keeps its identity, which is whose it is, what it says, and what was answered before it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from embtune_api.errors import Conflict, InvalidInput, Tampered
from embtune_api.status import LastRequest
from embtune_api.wish import Wish, parse_wish
from embtune_operator.pipeline.wishes import last_answer, new_wish
from embtune_operator.registry.history import answer_to, read_history
from embtune_operator.registry.owner import refuse_stranger
from embtune_operator.registry.release import rollback

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.keys import LineKeys
    from embtune_api.resources import EmbeddingModel, ModelVersion
    from embtune_api.wish import Action
    from embtune_operator.world import World

    Carry = Callable[[Wish, str], str]
    """Carries a wish out, given its identity, and says what was done. Raises InvalidInput, Tampered, Conflict."""

_TRIES = 5


async def last_request(
    resource: ModelVersion | EmbeddingModel, known: tuple[Action, ...], carry_out: Carry, world: World
) -> LastRequest | None:
    """The answer to the newest request: the one that stands in the status, or a new one."""
    before, value = last_answer(resource), new_wish(resource)
    if value is None:
        return before
    identity = f"{resource.metadata.uid}/{value}/{before.at.isoformat() if before else ''}"
    return await asyncio.to_thread(_answer, value, identity, known, carry_out, world)


def because(wish: Wish) -> str:
    """The reason that the history keeps."""
    return f"request by annotation: {wish}"


def roll_back(line: LineKeys, wish: Wish, identity: str, world: World, leaving: int | None = None) -> str:
    """Carry out a rollback. `leaving`: only if this version is in production."""
    refuse_stranger(world.store, line, world.settings.owner)
    try:
        release = rollback(world.store, line, because(wish), world.clock(), leaving=leaving, request=identity)
    except Tampered as error:
        if answer_to(identity, read_history(world.store, line)) is None:
            raise
        return str(error)  # it was done, and what it brought back is damaged
    return f"v{release.transition.to_version} is in production again, v{release.transition.from_version} is rolled back"


def _answer(value: str, identity: str, known: tuple[Action, ...], carry_out: Carry, world: World) -> LastRequest:
    def answered(outcome: Literal["Done", "Refused"], message: str) -> LastRequest:
        return LastRequest(value=value, outcome=outcome, message=message, at=world.clock())

    try:
        wish = parse_wish(value, known=known)
    except ValueError as error:
        return answered("Refused", str(error))
    try:
        return answered("Done", _tried(wish, identity, carry_out))
    except (InvalidInput, Tampered, Conflict) as error:
        return answered("Refused", str(error))


def _tried(wish: Wish, identity: str, carry_out: Carry) -> str:
    """Whoever changed the line at the same moment was first: what is asked for is looked at anew."""
    for _ in range(_TRIES - 1):
        try:
            return carry_out(wish, identity)
        except Conflict:
            continue
    return carry_out(wish, identity)
