"""What is said about one evaluation: the verdict over all gates, and how sure each role's scores are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.documents.cost import CostTable
from embtune_api.documents.evaluate import Interval
from embtune_api.metrics import main_metrics
from embtune_api.slices import SliceTable
from embtune_operator.judge.bootstrap import forget_draws
from embtune_operator.judge.cost import CostExhibits
from embtune_operator.judge.gate import Exhibits
from embtune_operator.judge.measure import shown_bounds
from embtune_operator.judge.scores import load_scores
from embtune_operator.judge.slices import members_of
from embtune_operator.judge.verdict import judge_suites
from embtune_store.folders import read_verified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embtune_api.documents.evaluate import AskedSuite, EvaluateFacts, RoleBounds
    from embtune_api.promotion import Gate
    from embtune_api.status import Role
    from embtune_api.verdict import Verdict
    from embtune_operator.judge.scores import Scores
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class Ruling:
    verdict: Verdict
    bounds: RoleBounds


def rule(
    gates: Sequence[Gate],
    facts: EvaluateFacts,
    exam: str,
    asked: Sequence[AskedSuite],
    champion_version: int | None,
    store: Store,
    looks: int = 1,
) -> Ruling:
    """The ruling on what `evaluate` stored.

    Args:
        exam: digest of the line's, which slices are of.
        asked: what each suite asked, and which queries are to be left out.
        looks: as in `make_verdict`.

    Raises:
        Tampered: an evaluation's scores, slices or costs have been deleted, or are not what it wrote.
    """
    table = SliceTable.model_validate_json(read_verified(store, facts.slices)) if facts.slices else SliceTable(slices=[])
    suites: dict[str, tuple[Exhibits, int]] = {}
    bounds: RoleBounds = {}
    try:
        for suite in asked:
            scores = {role: load_scores(store, file) for role, file in facts.scores[suite.name].items()}
            queries = len(scores["candidate"].groups)
            slices = tuple(members_of(table, queries, suite.dropped)) if suite.exam == exam else ()
            left = {role: one.without(suite.dropped) for role, one in scores.items()}
            exhibits = Exhibits(left["candidate"], left["base"], left.get("champion"), champion_version, slices)
            suites[suite.name] = exhibits, len(suite.dropped)
            for role, found in score_bounds(left, suite.as_asked.metrics()).items():
                bounds.setdefault(role, {}).update(found)
        cost = _cost(store, facts, champion_version)
        for role, of_cost in cost.bounds().items() if cost else ():
            bounds.setdefault(role, {}).update(of_cost)
        return Ruling(judge_suites(gates, suites, looks, cost), bounds)
    finally:
        forget_draws()


def _cost(store: Store, facts: EvaluateFacts, champion_version: int | None) -> CostExhibits | None:
    if facts.cost is None:
        return None
    return CostExhibits(CostTable.model_validate_json(read_verified(store, facts.cost)), champion_version)


def score_bounds(scores: Mapping[Role, Scores], metrics: Sequence[str]) -> RoleBounds:
    """Of one suite's main metrics."""
    bounds = {role: shown_bounds(one, main_metrics(metrics)) for role, one in scores.items()}
    return {role: {name: Interval(lower=b.lower, upper=b.upper) for name, b in found.items()} for role, found in bounds.items()}
