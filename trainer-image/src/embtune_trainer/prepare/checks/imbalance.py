"""Classes of very different sizes: what is learnt is mostly how to tell the large ones apart."""

from collections import Counter, defaultdict
from math import exp, log

from embtune_api.check_reports import ClassSizes
from embtune_api.data import Data
from embtune_api.reports import Finding
from embtune_trainer.prepare.findings import EXAMPLES, Hit, note
from embtune_trainer.prepare.rows import Row, class_of

SETTING = "data.checks.imbalance"


def class_sizes(train: list[Row]) -> ClassSizes | None:
    """Of the rows to train on, as they are in the sources; None where they have neither labels nor categories."""
    sizes = Counter(name for row in train if (name := class_of(row)) is not None)
    if not sizes:
        return None
    shares = [size / sizes.total() for size in sorted(sizes.values())]
    return ClassSizes(
        classes=len(sizes),
        largest=max(sizes.values()),
        smallest=min(sizes.values()),
        effective=round(exp(-sum(share * log(share) for share in shares)), 2),
    )


def balanced_enough(train: list[Row], wanted: Data) -> list[Finding]:
    """Nothing where the job balances labels itself: the report has the numbers before and after.

    Raises:
        InvalidInput: the largest class has more than `maxImbalance` times the rows of the smallest, and the action is Fail.
    """
    checks, sizes = wanted.checks, class_sizes(train)
    if sizes is None or sizes.largest <= checks.max_imbalance * sizes.smallest:
        return []
    if wanted.balance is not None and wanted.balance.by == "Label":
        return []
    small = _small_classes(train, sizes.largest / checks.max_imbalance)
    message = (
        f"to train on are of classes that have less than 1/{checks.max_imbalance:g} of the rows of the largest "
        f"(data.checks.maxImbalance): {len(small)} of {sizes.classes}; the largest has {sizes.largest} rows, the smallest "
        f"{sizes.smallest}, and they are as uneven as {sizes.effective:.1f} of one size. data.balance evens them out"
    )
    return note("imbalance", sum(map(len, small.values())), checks.imbalance, message, SETTING, _examples(small))


def _small_classes(train: list[Row], limit: float) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in train:
        if (name := class_of(row)) is not None:
            found[name].append(row)
    return {name: rows for name, rows in found.items() if len(rows) < limit}


def _examples(small: dict[str, list[Row]]) -> list[Hit]:
    """A row of each of the smallest."""
    rarest = sorted(small.items(), key=lambda item: (len(item[1]), item[0]))[:EXAMPLES]
    return [Hit(min(rows, key=lambda row: row.content).where, f"{name} has {len(rows)}") for name, rows in rarest]
