"""Which edits of a template make a new job, and what it is called."""

from __future__ import annotations

from typing import Any

import pytest

from embtune_api.resources import EmbeddingModel
from embtune_operator.lines.hold import hold_for
from embtune_operator.lines.stamp import stamped_job, stamped_name, template_hash

RECIPE: dict[str, Any] = {"baseModel": {"uri": "hf://a/b"}, "data": {"train": [{"uri": "s3://data/train.jsonl"}]}}


def a_line(name: str = "shop", labels: dict[str, str] | None = None, **recipe: Any) -> EmbeddingModel:
    return EmbeddingModel.model_validate(
        {
            "apiVersion": "embtune.dev/v1alpha1",
            "kind": "EmbeddingModel",
            "metadata": {"name": name, "namespace": "search", "uid": "u-1"},
            "spec": {"template": {"labels": labels or {}, "spec": {**RECIPE, **recipe}}},
        }
    )


def hash_of(line: EmbeddingModel) -> str:
    assert line.spec.template
    return template_hash(line, line.spec.template)


def test_a_template_keeps_its_hash_for_good() -> None:
    """Another number here would make every cluster train all of its lines anew on the day it is upgraded."""
    assert hash_of(a_line()) == "95db3e3bb8"


SAME: dict[str, dict[str, Any]] = {
    "a default that is spelled out": {"training": {"preset": "Auto", "warmupRatio": 0.1}},
    "suspend": {"suspend": True},
    "the time to live": {"ttlSecondsAfterFinished": 60},
    "labels": {"labels": {"team": "a"}},
}


@pytest.mark.parametrize("case", SAME)
def test_no_new_job_for(case: str) -> None:
    assert hash_of(a_line(**SAME[case])) == hash_of(a_line())


OTHER: dict[str, dict[str, Any]] = {
    "another recipe": {"training": {"epochs": 2}},
    "other data": {"data": {"train": [{"uri": "s3://data/more.jsonl"}]}},
    "another gate": {"promotion": {"gates": [{"metric": "test/ndcg@10", "min": 0.5}]}},
    "another profile": {"runtime": {"profile": "large"}},
    "another line": {"name": "other"},
}


@pytest.mark.parametrize("case", OTHER)
def test_a_new_job_for(case: str) -> None:
    assert hash_of(a_line(**OTHER[case])) != hash_of(a_line())


def test_names_of_jobs_fit_and_differ() -> None:
    long, longer = a_line("a" * 53 + "x" * 10), a_line("a" * 53 + "y" * 10)
    names = [stamped_name(line, hash_of(line)) for line in (long, longer)]
    assert [len(name) for name in names] == [63, 63]
    assert len(set(names)) == 2
    assert stamped_name(a_line(), "0123456789") == "shop-0123456789"


def test_labels_of_the_stamp_cannot_be_overridden() -> None:
    line = a_line(labels={"embtune.dev/model": "mine", "embtune.dev/template-hash": "mine", "team": "a"})
    assert line.spec.template
    labels = stamped_job(line, line.spec.template)["metadata"]["labels"]
    assert labels == {"embtune.dev/model": "shop", "embtune.dev/template-hash": hash_of(line), "team": "a"}


HOLDS: dict[str, tuple[dict[str, Any], str | None]] = {
    "nothing is said": ({}, None),
    "jobs promote nothing": ({"policy": "Manual"}, "release.policy of EmbeddingModel shop is Manual"),
    "a version is pinned": ({"pin": 3}, "EmbeddingModel shop pins v3"),
    "pinned, and Manual": ({"pin": 3, "policy": "Manual"}, "EmbeddingModel shop pins v3"),
}


@pytest.mark.parametrize("case", HOLDS)
def test_what_holds_a_promotion(case: str) -> None:
    release, reason = HOLDS[case]
    line = EmbeddingModel.model_validate(
        {
            "apiVersion": "embtune.dev/v1alpha1",
            "kind": "EmbeddingModel",
            "metadata": {"name": "shop"},
            "spec": {"release": release},
        }
    )
    hold = hold_for(line)
    assert (hold.reason if hold else None) == reason


def test_a_line_without_an_embedding_model_holds_nothing() -> None:
    assert hold_for(None) is None
