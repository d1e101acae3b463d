"""What a candidate is examined on, and what it takes to be promoted: `spec.evaluation` and `spec.promotion` belong together."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from embtune_api.base import Resource
from embtune_api.cost import COST_METRICS
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.evaluation import THE_EXAM, Evaluation
from embtune_api.metrics import suite_of
from embtune_api.promotion import Promotion
from embtune_api.slices import NAME

_NO_SUCH_SLICE = "a gate's slice is one of evaluation.slices"
_NOT_SLICED = "slices are of the line's exam: a gate with a slice takes a metric of a suite without data or beir of its own"


class Examined(Resource):
    """A request for models that are examined and judged."""

    evaluation: Evaluation = Evaluation(suites=[THE_EXAM])
    promotion: Promotion = Promotion()

    @model_validator(mode="after")
    @cel(f"self.promotion.gates.all(g, {expressions.YIELDED})", expressions.NOT_YIELDED, field="promotion.gates")
    def _gates_name_metrics_that_exist(self) -> Self:
        suites = [suite.asked_with(way) for suite in self.evaluation.suites for way in suite.ways]
        known = [*(name for suite in suites for name in suite.metrics()), *COST_METRICS]
        for number, gate in enumerate(self.promotion.gates):
            if gate.metric not in known:
                raise ValueError(
                    f"promotion.gates[{number}].metric {gate.metric} is not yielded by any suite; "
                    f"choose one of {', '.join(known)}"
                )
        return self

    @model_validator(mode="after")
    @cel(
        "self.promotion.gates.all(g, !has(g.slice) || (has(self.evaluation.slices) && "
        f"self.evaluation.slices.exists(s, g.slice.startsWith({NAME.format('s')} + '='))))",
        _NO_SUCH_SLICE,
        field="promotion.gates",
    )
    def _gates_name_slices_that_exist(self) -> Self:
        known = [one.name for one in self.evaluation.slices or []]
        for number, gate in enumerate(self.promotion.gates):
            if gate.slice is not None and gate.slice.partition("=")[0] not in known:
                raise ValueError(
                    f"promotion.gates[{number}].slice {gate.slice}: {_NO_SUCH_SLICE}, "
                    f"which {'are ' + ', '.join(known) if known else 'there are none of'}"
                )
        return self

    @model_validator(mode="after")
    @cel(
        "self.promotion.gates.all(g, !has(g.slice) || "
        "self.evaluation.suites.exists(s, "
        "(g.metric.startsWith(s.name + '/') || g.metric.startsWith(s.name + '@')) && !has(s.data) && !has(s.beir)))",
        _NOT_SLICED,
        field="promotion.gates",
    )
    def _slices_are_of_the_exam(self) -> Self:
        sliced = {suite.name for suite in self.evaluation.suites if not suite.has_own_exam}
        for number, gate in enumerate(self.promotion.gates):
            if gate.slice is not None and suite_of(gate.metric).partition("@")[0] not in sliced:
                raise ValueError(f"promotion.gates[{number}].metric {gate.metric}: {_NOT_SLICED}")
        return self
