"""Versions, references, pull and compare, over a store in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from embtune_api.documents.publish import PublishedEvaluation
from embtune_api.errors import InvalidInput, NotFound, Tampered
from embtune_api.evaluation import Suite
from embtune_api.keys import LineKeys
from embtune_operator.registry.comparison import compare, kept_contestants
from embtune_operator.registry.pull import pull
from embtune_operator.registry.references import find_version, parse_reference
from embtune_operator.registry.release import promote, rollback
from embtune_operator.registry.versions import list_versions
from embtune_store import Store, documents, open_store
from factories import METRIC, NOON, keep_scores, noise, publish_version, scores, scores_file

LINE = LineKeys("search", "shop")


@pytest.fixture
def store() -> Store:
    """1 archived, 2 in production, 3 rolled back and the best, 4 rejected, 5 a candidate."""
    store = open_store("memory://")
    for number, ndcg in ((1, 0.61), (2, 0.62), (3, 0.9), (4, 0.8), (5, 0.62)):
        publish_version(store, LINE, number, "Rejected" if number == 4 else "Passed", ndcg)
    for number in (1, 2, 3):
        promote(store, LINE, number, "", NOON)
    rollback(store, LINE, "", NOON)
    store.create(LINE.version(6).claim, b"{}")
    return store


def test_stages_follow_from_what_happened(store: Store) -> None:
    stages = {version.number: version.stage for version in list_versions(store, LINE)}
    assert stages == {1: "Archived", 2: "Production", 3: "RolledBack", 4: "Rejected", 5: "Candidate"}


@pytest.mark.parametrize(
    ("ref", "number"),
    [
        pytest.param("4", 4, id="a number"),
        pytest.param("production", 2, id="what is in production"),
        pytest.param("previous", 1, id="where a rollback leads"),
        pytest.param("best:ndcg@10", 2, id="the best, rejected and rolled-back ones apart; of equals the oldest"),
        pytest.param("best:test/ndcg@10", 2, id="the best, with the suite's name"),
    ],
)
def test_a_reference_names_a_version(store: Store, ref: str, number: int) -> None:
    assert find_version(store, LINE, ref).number == number


@pytest.mark.parametrize(
    ("ref", "told"),
    [
        pytest.param("6", "no version 6", id="a number that is claimed only"),
        pytest.param("canary", "has no canary version", id="no canary"),
        pytest.param("best:mrr@10", "metrics there are: test/ndcg@10", id="a metric that nobody has"),
    ],
)
def test_a_reference_that_names_none(store: Store, ref: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        find_version(store, LINE, ref)


@pytest.mark.parametrize("text", ["shop@latest", "Shop@1", "shop@0", "@1", "shop@"])
def test_the_form_of_a_reference(text: str) -> None:
    if text == "shop@":
        assert parse_reference(text).ref == "production"
        return
    with pytest.raises(InvalidInput, match="best:<metric>"):
        parse_reference(text)


def test_pull_gives_the_model_and_nothing_over_something(store: Store, tmp_path: Path) -> None:
    version = find_version(store, LINE, "2")
    pull(store, LINE, version, tmp_path / "deep" / "model")
    assert (tmp_path / "deep" / "model" / "model.safetensors").read_bytes() == b"weights of 2"
    with pytest.raises(InvalidInput, match="holds something else"):
        pull(store, LINE, version, tmp_path / "deep")
    (tmp_path / "empty").mkdir()
    pull(store, LINE, version, tmp_path / "empty")


def test_a_flipped_byte_is_not_pulled(store: Store, tmp_path: Path) -> None:
    version = find_version(store, LINE, "2")
    store.put(f"{LINE.version(2).model}/model.safetensors", b"weights of X")
    with pytest.raises(Tampered):
        pull(store, LINE, version, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_what_is_said_about_a_version_is_verified_before_it_is_pulled(store: Store, tmp_path: Path) -> None:
    version = find_version(store, LINE, "2")
    store.put(LINE.version(2).metadata, store.get(LINE.version(2).metadata).replace(b"0.62", b"0.92"))
    with pytest.raises(Tampered, match=r"versions/2/metadata\.json"):
        pull(store, LINE, version, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_that_is_not_the_released_one_is_no_version(store: Store) -> None:
    for number in (2, 5):
        key = LINE.version(number).manifest
        store.put(key, store.get(key).replace(b'"version": %d' % number, b'"version": 7'))
        with pytest.raises(Tampered, match=f"manifest of shop v{number} is"):
            find_version(store, LINE, str(number))


def test_compare_pairs_the_kept_scores(store: Store) -> None:
    first, second = find_version(store, LINE, "1"), find_version(store, LINE, "2")
    with pytest.raises(NotFound, match="scores of shop v1 are gone"):
        compare(kept_contestants(store, LINE, [first, second]))
    for version, mean in ((first, 0.5), (second, 0.52)):
        keys = LINE.exam("e" * 64).results(version.evaluation.model_digest, Suite().digest())
        keep_scores(store, keys, scores(noise(mean)))
    comparison = compare(kept_contestants(store, LINE, [first, second]))
    second_model = comparison.models[1]
    assert (comparison.queries, [row.metric for row in second_model.metrics]) == (400, [METRIC])
    assert (second_model.better, second_model.alike, second_model.worse) == (400, 0, 0)
    difference = second_model.metrics[0].difference
    assert (difference.lower, difference.value, difference.upper) == pytest.approx((0.02, 0.02, 0.02))


def test_scores_that_were_changed_are_not_compared(store: Store) -> None:
    first, second = find_version(store, LINE, "1"), find_version(store, LINE, "2")
    for version in (first, second):
        keys = LINE.exam("e" * 64).results(version.evaluation.model_digest, Suite().digest())
        keep_scores(store, keys, scores(noise(0.5)))
    store.put(keys.scores, scores_file(scores(noise(0.9))))
    with pytest.raises(Tampered, match=r"scores\.npz"):
        compare(kept_contestants(store, LINE, [first, second]))


def test_versions_of_different_exams_are_not_compared(store: Store) -> None:
    key = LINE.version(2).evaluation
    evaluation = documents.read(store, key, PublishedEvaluation)
    assert evaluation
    documents.put(store, key, evaluation.model_copy(update={"exam": "f" * 64}))
    with pytest.raises(InvalidInput, match="different exams"):
        kept_contestants(store, LINE, [find_version(store, LINE, "1"), find_version(store, LINE, "2")])
