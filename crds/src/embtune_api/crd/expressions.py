"""CEL expressions that follow from tables: shapes of data, losses, metrics."""

from __future__ import annotations

from collections.abc import Callable

from embtune_api.compression import IS_OF_WAY
from embtune_api.cost import COST_METRICS
from embtune_api.losses import (
    BUILT,
    LOSS_SHAPES,
    OPTIONAL_COLUMNS,
    SHAPE_COLUMNS,
    TRANSLATIONS,
    LossChoice,
    Shape,
    built_as,
    learns_from,
)
from embtune_api.metrics import PLAIN_METRICS, RANKED_KINDS, RETRIEVAL_METRICS
from embtune_api.suite_kinds import BEIR_KINDS, KIND_SHAPES

TOGETHER: tuple[Shape, ...] = ("pairs", "triplets")
"""Rows of these shapes may stand beside each other: both become pairs, some with negatives."""
SHAPES = "; ".join(f"{shape}: {', '.join(sorted(columns))}" for shape, columns in SHAPE_COLUMNS.items())
_OPTIONAL = [name for columns in OPTIONAL_COLUMNS.values() for name in sorted(columns)]
_COLUMNS = tuple(dict.fromkeys([*(name for columns in SHAPE_COLUMNS.values() for name in sorted(columns)), *_OPTIONAL]))


def matches(field: str, pattern: str) -> str:
    """The field has the form of the pattern."""
    return f"{field}.matches({quoted(pattern)})"


def time(field: str) -> str:
    """The moment that a text of the form `MOMENT` names; a date is its midnight in UTC."""
    return f"timestamp({field}.size() == 10 ? {field} + 'T00:00:00Z' : {field})"


def quoted(text: str) -> str:
    """A CEL string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def has_shape(columns: str, shape: Shape) -> str:
    """The columns make this shape; pairs may have a label and a category, too."""
    optional = OPTIONAL_COLUMNS.get(shape, frozenset())
    wanted = SHAPE_COLUMNS[shape]
    parts = [f"{'' if name in wanted else '!'}has({columns}.{name})" for name in _COLUMNS if name not in optional]
    return " && ".join(parts)


def any_shape(columns: str, shapes: list[Shape]) -> str:
    """The columns make one of these shapes."""
    return " || ".join(f"({has_shape(columns, shape)})" for shape in shapes)


KNOWN_SHAPE = any_shape("self", list(SHAPE_COLUMNS))

ONE_KIND = " || ".join(
    f"self.train.all(s, {any_shape('s.columns', list(shapes))})"
    for shapes in (TOGETHER, *((shape,) for shape in SHAPE_COLUMNS if shape not in TOGETHER))
)

_LOSSES: tuple[LossChoice, ...] = ("Auto", *LOSS_SHAPES)


def _alike(said_of: Callable[[LossChoice], str]) -> dict[str, list[LossChoice]]:
    """Losses by what is said of them: one clause for all of these keeps a rule cheap."""
    found: dict[str, list[LossChoice]] = {}
    for loss in _LOSSES:
        found.setdefault(said_of(loss), []).append(loss)
    return found


def _learns(loss: LossChoice) -> str:
    """The loss learns from what becomes of source s."""
    words = [word for word in BUILT if built_as("labelled texts", word, loss)]
    fits = [has_shape("s.columns", shape) for shape in SHAPE_COLUMNS if shape in learns_from(loss) and shape != "labelled texts"]
    if words:
        fits.append(f"{has_shape('s.columns', 'labelled texts')} && self.data.build.labelledTexts in {words}")
    return " || ".join(f"({fit})" for fit in fits)


LOSS_FITS = " && ".join(
    f"(!(self.training.loss.name in {losses}) || self.data.train.all(s, {learns}))" for learns, losses in _alike(_learns).items()
)
LOSS_TOLD = "'loss ' + self.training.loss.name + ' does not learn from the columns of data.train: ' + ({})".format(
    " : ".join(
        f"self.training.loss.name in {losses} ? {quoted('it wants ' + wanted)}"
        for wanted, losses in _alike(lambda loss: " or ".join(sorted(learns_from(loss)))).items()
    )
    + " : 'choose another loss'"
)

NEGATIVES_THERE = (
    "self.training.loss.name != 'MarginMSE' || has(self.data.mine) || self.data.build.negatives != 'None'"
    " || self.data.build.labelledTexts == 'Triplets' || self.data.train.all(s, has(s.columns.negative))"
)
NO_NEGATIVES = (
    "loss MarginMSE learns from negatives: map a negative for every source, or have some made by data.mine or data.build"
)
NO_NEGATIVES_MADE = (
    f"!(self.training.loss.name in {sorted(TRANSLATIONS)}) || (!has(self.data.mine) && self.data.build.negatives == 'None')"
)
NEGATIVES_FOR_NOTHING = (
    f"loss {' or '.join(sorted(TRANSLATIONS))} learns from texts and their translations, and has no use for negatives: leave "
    "out data.mine and build.negatives"
)

_RANKED = matches("g.metric", f"/({'|'.join(RETRIEVAL_METRICS)})@")
_YIELDS = {
    **dict.fromkeys(RANKED_KINDS, f"{_RANKED} && int(g.metric.split('@')[g.metric.split('@').size() - 1]) in s.cutoffs"),
    **{kind: matches("g.metric", f"/({'|'.join(names)})$") for kind, names in PLAIN_METRICS.items()},
}
_OF_SUITE = (
    "(g.metric.startsWith(s.name + '/') || "
    f"(g.metric.startsWith(s.name + '@') && has(s.compressed) && s.compressed.exists(c, {IS_OF_WAY})))"
)
YIELDED = "(g.metric in {} || self.evaluation.suites.exists(s, {} && ({})))".format(
    [*COST_METRICS], _OF_SUITE, " || ".join(f"(s.kind == {quoted(kind)} && {yields})" for kind, yields in _YIELDS.items())
)
NOT_YIELDED = (
    f"every gate needs a metric that a suite yields: of {' and '.join(RANKED_KINDS)} SUITE/METRIC@CUTOFF with the suite's name, "
    f"{', '.join(RETRIEVAL_METRICS)}, and one of the suite's cutoffs; "
    + "; ".join(f"of {kind} SUITE/METRIC with {' or '.join(names)}" for kind, names in PLAIN_METRICS.items())
    + f"; of a suite with compressed SUITE@HOW/METRIC as well; or one of {', '.join(COST_METRICS)}"
)


def _fits(columns: str) -> str:
    """These columns have a shape that the suite's kind can ask."""
    kinds = [kind for kind in KIND_SHAPES if kind not in RANKED_KINDS]
    ranked = f"self.kind in {[*RANKED_KINDS]} && ({any_shape(columns, list(KIND_SHAPES['Retrieval']))})"
    return " || ".join(
        [ranked, *(f"(self.kind == {quoted(kind)} && ({any_shape(columns, list(KIND_SHAPES[kind]))}))" for kind in kinds)]
    )


KIND_FITS = f"(!has(self.data) || {_fits('self.data.columns')}) && (!has(self.beir) || self.kind in {[*BEIR_KINDS]})"
