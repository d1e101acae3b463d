"""How often each row is trained on: by the weight of its source, and by how many rows its class has."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from math import fsum

from embtune_api.balance import DEFAULT_ALPHA, DEFAULT_MAX_COPIES, Balance
from embtune_api.data import Data
from embtune_api.errors import InvalidInput
from embtune_api.reports import BalanceReport, ClassReport
from embtune_trainer.prepare.builders.build import FEWEST, Built
from embtune_trainer.prepare.copies import copied
from embtune_trainer.prepare.findings import counted, shorten
from embtune_trainer.prepare.rows import Row, class_of

MOST_CLASSES = 100


def balanced(built: Built, wanted: Data) -> Built:
    """The same rows, those to train on as often as their sources and their classes say.

    Raises:
        InvalidInput: fewer than two would be left.
    """
    balance, seed = wanted.balance, wanted.build.seed
    if balance is None:
        alike = all(row.weight == 1 for row in built.train)
        rows = built.train if alike else _taken(built.train, _of_source, lambda _, rows: _weight(rows), seed)
        _refuse_too_few(rows, built)
        return replace(built, train=rows)
    sizes = {value: _weight(rows) for value, rows in _grouped(built.train, _class_by(balance)).items()}
    aims = _aims(sizes, balance)
    rows = _taken(built.train, _class_by(balance), lambda value, _: aims[value], seed)
    _refuse_too_few(rows, built)
    return replace(built, train=rows, balance=_report(built.train, rows, balance))


def _taken(rows: list[Row], key: Callable[[Row], Hashable], aim: Callable[[Hashable, list[Row]], float], seed: int) -> list[Row]:
    """Of each group as many rows as its aim, each row in proportion to its weight."""
    taken: list[Row] = []
    for value, group in _grouped(rows, key).items():
        factor = aim(value, group) / _weight(group)
        taken += copied(group, [row.weight * factor for row in group], seed)
    return taken


def _aims(sizes: Mapping[Hashable, float], balance: Balance) -> dict[Hashable, float]:
    """How many rows of each class there are to be: one at least."""
    most = balance.max_copies or DEFAULT_MAX_COPIES
    if balance.method == "Undersample":
        limit = balance.rows_per_class or min(sizes.values())
        aims = {value: min(size, limit) for value, size in sizes.items()}
    elif balance.method == "Oversample":
        limit = balance.rows_per_class or max(sizes.values())
        aims = {value: max(size, min(limit, most * size)) for value, size in sizes.items()}
    else:
        aims = _tempered(sizes, DEFAULT_ALPHA if balance.alpha is None else balance.alpha, most)
    return {value: max(1.0, aim) for value, aim in aims.items()}


def _tempered(sizes: Mapping[Hashable, float], alpha: float, most: int) -> dict[Hashable, float]:
    """As many rows in all, in the proportion of size^alpha (Conneau and Lample 2019, "Cross-lingual language model
    pretraining", section 3.1). What a class may not have, since it would grow too much, goes to the others."""
    aims: dict[Hashable, float] = {}
    growing = dict(sizes)
    while growing:
        room = fsum(sizes.values()) - fsum(aims.values())
        whole = fsum(size**alpha for size in growing.values())
        shares = {value: room * size**alpha / whole for value, size in growing.items()}
        full = {value: most * size for value, size in growing.items() if shares[value] > most * size}
        if not full:
            return aims | shares
        aims |= full
        growing = {value: size for value, size in growing.items() if value not in full}
    return aims


def _class_by(balance: Balance) -> Callable[[Row], Hashable]:
    return _language if balance.by == "Language" else class_of


def _language(row: Row) -> str | None:
    return row.language


def _of_source(row: Row) -> Hashable:
    return (row.source, row.weight)


def _grouped(rows: list[Row], key: Callable[[Row], Hashable]) -> dict[Hashable, list[Row]]:
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _weight(rows: list[Row]) -> float:
    return fsum(row.weight for row in rows)


def _report(before: list[Row], after: list[Row], balance: Balance) -> BalanceReport:
    key = _class_by(balance)
    had, has = (_grouped(rows, key) for rows in (before, after))
    classes = sorted(had, key=lambda value: (-len(had[value]), str(value)))
    return BalanceReport(
        by=balance.by,
        method=balance.method,
        before=len(before),
        after=len(after),
        classes=[
            ClassReport(value=shorten(str(value)), before=len(had[value]), after=len(has.get(value, ())))
            for value in classes[:MOST_CLASSES]
        ],
        classes_in_all=len(classes),
    )


def _refuse_too_few(rows: list[Row], built: Built) -> None:
    if len(rows) < FEWEST:
        raise InvalidInput(
            f"data.train: {counted(len(rows))} would be left to train on, of {len(built.train)}, by the sources' weights and "
            f"data.balance. Raise data.train[].weight, or data.balance.rowsPerClass."
        )
