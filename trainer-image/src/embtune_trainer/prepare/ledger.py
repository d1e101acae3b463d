"""The ledger of a stratified split: the side that each group of the line was given, for good.

A job writes the groups that its data brought along as the next entry, create-only, once its data and its base model are in
order and before it freezes an exam. Whoever finds that entry taken reads the ledger again and divides anew: no group is ever
given two sides. A step that dies after its entry finds its own groups in it, and comes to the same division. Every entry
holds the digest of the one before, so that one that was changed or lost on the way is noticed before it moves rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from embtune_api.digest import digest_of
from embtune_api.documents.exam import LedgerEntry
from embtune_api.errors import Tampered
from embtune_api.keys import LedgerKeys, LineKeys
from embtune_api.split import Side, Split
from embtune_store import documents
from embtune_store.protocol import Store
from embtune_trainer.prepare.stratify import group_key


@dataclass(frozen=True)
class Ledger:
    """A ledger as it was when it was read."""

    keys: LedgerKeys
    sides: Mapping[str, Side]
    """By `group_key`."""
    entries: int = 0
    last: str | None = None
    """Digest of the last entry."""


def read_ledger(store: Store, line: LineKeys, split: Split) -> Ledger:
    """What the line remembers of splits with this seed and these groups; neither shares nor strata matter.

    Raises:
        Tampered: an entry is missing, or not the one that the next was written after.
    """
    keys = line.ledger(digest_of({"group_by": split.group_by, "seed": split.seed}))
    sides: dict[str, Side] = {}
    entries, last = 0, None
    while (entry := documents.read(store, keys.entry(entries + 1), LedgerEntry)) is not None:
        entries += 1
        if entry.previous != last:
            raise _tampered(keys, f"{keys.entry(entries)} was not written after what now stands before it")
        last = entry.digest
        for side, groups in _by_side(entry).items():
            sides.update(dict.fromkeys(groups, side))
    if store.exists(keys.entry(entries + 2)):
        raise _tampered(keys, f"{keys.entry(entries + 1)} is missing, though there is a later one")
    return Ledger(keys, sides, entries, last)


def remember(store: Store, ledger: Ledger, placed: Mapping[str, Side], job_uid: str) -> bool:
    """Write down the groups of `placed` that the ledger lacks. False when another job wrote meanwhile: then read it again."""
    new = {key: side for group, side in placed.items() if (key := group_key(group)) not in ledger.sides}
    if not new:
        return True
    named: dict[Side, list[str]] = {"train": [], "validation": [], "test": []}
    for key in sorted(new):
        named[new[key]].append(key)
    entry = LedgerEntry(job_uid=job_uid, previous=ledger.last, **named)
    return documents.create(store, ledger.keys.entry(ledger.entries + 1), entry)


def _tampered(keys: LedgerKeys, how: str) -> Tampered:
    return Tampered(
        f"{how}: with this ledger of the split, rows could change sides. Restore {keys.root} from a backup, or start a new line."
    )


def _by_side(entry: LedgerEntry) -> dict[Side, list[str]]:
    return {"train": entry.train, "validation": entry.validation, "test": entry.test}
