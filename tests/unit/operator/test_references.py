"""`best:<metric>`, whatever the suites are called."""

from __future__ import annotations

import pytest

from embtune_api.errors import InvalidInput
from embtune_api.keys import LineKeys
from embtune_operator.registry.references import find_version
from embtune_operator.view.score_table import headline_metrics
from embtune_store import Store, open_store
from factories import publish_version

LINE = LineKeys("search", "shop")


@pytest.fixture
def store() -> Store:
    """Both suites yield mrr@10, one yields ndcg@5."""
    store = open_store("memory://")
    for number, metric, score in (
        (1, "faq/ndcg@5", 0.7),
        (2, "faq/ndcg@5", 0.8),
        (3, "faq/mrr@10", 0.5),
        (4, "test/mrr@10", 0.6),
    ):
        publish_version(store, LINE, number, ndcg=score, metric=metric)
    return store


def test_a_metric_needs_no_suite_where_it_is_unambiguous(store: Store) -> None:
    assert find_version(store, LINE, "best:ndcg@5").number == 2
    assert find_version(store, LINE, "best:faq/mrr@10").number == 3


def test_a_metric_of_two_suites_is_asked_back(store: Store) -> None:
    with pytest.raises(InvalidInput, match=r"best:mrr@10 may mean faq/mrr@10 or test/mrr@10: name the suite"):
        find_version(store, LINE, "best:mrr@10")


def test_the_headline_metrics_are_those_at_the_largest_cutoff() -> None:
    names = [f"faq/{metric}@{k}" for metric in ("accuracy", "precision", "recall", "mrr", "ndcg", "map") for k in (1, 5)]
    assert headline_metrics(names) == ["faq/recall@5", "faq/mrr@5", "faq/ndcg@5"]
