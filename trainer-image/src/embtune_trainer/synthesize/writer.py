"""What makes pairs of items, whoever it is: a model, a server, a search."""

from collections.abc import AsyncIterator, Container, Sequence
from typing import Any, Protocol

from embtune_trainer.synthesize.corpus import Item
from embtune_trainer.synthesize.journal import Entry


class Writer(Protocol):
    """Knows what it was asked for; what it writes depends on that and on the item alone."""

    name: str
    """As rows tell it."""
    digest: str
    settings: dict[str, Any]
    """What another answer would come from: a journal has one kind."""
    unanswered: int
    """Items that it could make nothing of this time."""

    def write(self, items: Sequence[Item], done: Container[str]) -> AsyncIterator[list[Entry]]:
        """Pairs without scores, of all items that are not `done` (by digest), as they come.

        Raises:
            InvalidInput: it cannot be asked like that.
            EmbtuneError: it does not answer; what it gave before is good.
        """
        ...
