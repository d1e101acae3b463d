"""How long a verdict takes once a gate has changed: from the scores that are kept, no model in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from embtune_api.documents.evaluate import AskedSuite, EvaluateFacts
from embtune_api.evaluation import Suite
from embtune_api.promotion import Gate
from embtune_operator.judge.ruling import rule

if TYPE_CHECKING:
    from embtune_api.documents.files import StoredFile
    from embtune_store.protocol import Store

EXAM = "e" * 64
MARGIN = 0.01


def seconds_to_judge(store: Store, candidate: StoredFile, base: StoredFile, queries: int) -> float:
    """One verdict after another, each by the same gates with another margin; the first, which nothing is warm for."""
    suite = Suite()
    facts = EvaluateFacts(scores={suite.name: {"candidate": candidate, "base": base}})
    asked = AskedSuite(suite=suite, exam=EXAM, digest=suite.digest(), queries=queries, groups=queries)
    took, outcomes = [], set()
    for margin in (-MARGIN, MARGIN):
        started = time.monotonic()
        verdict = rule(_gates(margin), facts, EXAM, [asked], None, store).verdict
        took.append(time.monotonic() - started)
        outcomes.add(verdict.outcome)
    assert outcomes == {"Passed", "Rejected"}, "the changed gate decides"
    return max(took)


def _gates(margin: float) -> list[Gate]:
    """Three of them: a floor, and two differences, of which `margin` is what the candidate is to be better by."""
    return [
        Gate.model_validate({"metric": "test/ndcg@10", "min": 0.1}),
        Gate.model_validate({"metric": "test/ndcg@10", "minDelta": margin, "against": "Base"}),
        Gate.model_validate({"metric": "test/recall@10", "minDelta": -0.05, "against": "Base"}),
    ]
