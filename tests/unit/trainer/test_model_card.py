"""The card of a version says what its metadata and its evaluation say, to people and to the hub."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from huggingface_hub import ModelCard
from ruamel.yaml import YAML

from embtune_api.contract import EmbeddingContract
from embtune_api.documents.evaluate import AskedSuite, Interval
from embtune_api.documents.publish import Metadata, PublishedEvaluation
from embtune_api.evaluation import Suite
from embtune_api.matryoshka import Matryoshka
from embtune_api.training import Training
from embtune_api.tune import Tune
from embtune_api.verdict import GateResult, Verdict
from embtune_trainer.model_card import model_card

LINE = "ndcg@10 0.612: +0.029 over production v2, 95 % bound +0.011 ≥ 0.010 ✓"
GATE = GateResult(metric="test/ndcg@10", outcome="Passed", line=LINE, value=0.029, lower=0.011, threshold=0.01)
SOURCE = {"uri": "hf://datasets/org/faq", "revision": "c0ffee", "rows": 1200, "language": "en", "sha256": "5" * 64}
FINDING = {"check": "leakage/same-query", "rows": 3, "action": "removed", "message": "ask what the exam\nasks"}
LINEAGE = {
    "job": "faq-3",
    "base": {"uri": "x"},
    "champion": {"version": 2, "digest": "c" * 64},
    "teacher": None,
    "replayed": None,
}


def metadata(**changes: Any) -> Metadata:
    training = Training(preset="Auto", learning_rate=5e-5)
    fields: dict[str, Any] = {
        "version": 3,
        "timestamp": datetime(2026, 1, 2, tzinfo=UTC),
        "base_model": {"uri": "hf://org/mini-model@c0ffee", "revision": "c0ffee", "digest": "b" * 64},
        "training_config": training.model_dump(mode="json", by_alias=True),
        "metrics": {},
        "training_data": {
            "sources": [SOURCE],
            "split": {"method": "Hash", "seed": 7},
            "train_rows": 1000,
            "validation_rows": 100,
            "augmented_rows": 20,
            "replayed_rows": 0,
            "exam": "e" * 64,
            "findings": [FINDING],
        },
        "model_hash": "d" * 64,
        "contract": EmbeddingContract(
            dimension=384, pooling="mean", normalised=True, prompts={"query": "query: "}, max_length=256
        ),
        "lineage": LINEAGE,
    }
    return Metadata.model_validate(fields | changes)


def evaluation(**changes: Any) -> PublishedEvaluation:
    asked = AskedSuite(suite=Suite(cutoffs=(1, 10)), exam="e" * 64, digest="s" * 64, queries=570, groups=280, dropped=[4])
    fields: dict[str, Any] = {
        "exam": "e" * 64,
        "model_digest": "d" * 64,
        "candidate": {"test/ndcg@1": 0.5, "test/ndcg@10": 0.6123, "test/map@10": None},
        "base": {"test/ndcg@10": 0.51},
        "champion": {"test/ndcg@10": 0.583},
        "champion_version": 2,
        "verdict": Verdict(outcome="Passed", reason="1 of 1 gate passed", gates=[GATE], hints=["this exam detects 0.02"]),
        "suites": [asked],
        "bounds": {
            "candidate": {"test/ndcg@10": Interval(lower=0.59, upper=0.63)},
            "base": {"test/ndcg@10": Interval(lower=0.48, upper=0.54)},
        },
    }
    return PublishedEvaluation.model_validate(fields | changes)


def head_of(card: str) -> dict[str, Any]:
    """As the hub's own library reads it."""
    data: Any = ModelCard(card).data
    head: dict[str, Any] = data.to_dict()
    return head


def section(card: str, title: str) -> str:
    return card.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_hub_reads_its_head() -> None:
    head = head_of(model_card("faq", metadata(), evaluation()))
    assert (head["library_name"], head["pipeline_tag"]) == ("sentence-transformers", "sentence-similarity")
    assert (head["base_model"], head["datasets"], head["language"]) == ("org/mini-model", ["org/faq"], ["en"])
    assert {"sentence-transformers", "embtune", "dataset_size:1000"} <= {*head["tags"]}
    (model,) = head["model-index"]
    (results,) = model["results"]
    assert (model["name"], results["task"]["type"]) == ("faq v3", "information-retrieval")
    assert [(one["type"], one["value"]) for one in results["metrics"]] == [("ndcg@10", 0.6123)]


def test_what_is_not_known_is_not_in_its_head() -> None:
    other = {**SOURCE, "uri": "s3://datasets/faq.jsonl", "language": None}
    data = {**metadata().training_data, "sources": [SOURCE, other]}
    local = metadata(base_model={"uri": "faq@2", "revision": None, "digest": "b" * 64}, training_data=data)
    head = head_of(model_card("faq", local, evaluation()))
    assert not {"language", "base_model", "license"} & {*head}
    assert head["datasets"] == ["org/faq"]


def test_auxiliary_sets_are_named_with_their_losses() -> None:
    tickets = {**SOURCE, "uri": "hf://datasets/org/tickets", "weight": 0.5}
    beside = {"name": "tickets", "source": tickets, "rows": 2400, "loss": {"name": "BatchHardTriplet"}}
    card = model_card("faq", metadata(training_data={**metadata().training_data, "auxiliary": [beside]}), evaluation())
    assert f"| `tickets` | `hf://datasets/org/tickets` | c0ffee | 2,400 | BatchHardTriplet | 0.5 | `{'5' * 64}` |" in card
    assert head_of(card)["datasets"] == ["org/faq", "org/tickets"]
    assert "loss:BatchHardTriplet" in head_of(card)["tags"]
    assert "Trained on beside them" not in model_card("faq", metadata(), evaluation())


def test_scores_have_their_bounds_and_gates_their_lines() -> None:
    told = section(model_card("faq", metadata(), evaluation()), "Judged")
    assert "**Passed**: 1 of 1 gate passed" in told
    assert f"- {LINE}\n" in told
    assert "| test/ndcg@10 | 0.612 (0.590 – 0.630) | 0.510 (0.480 – 0.540) | 0.583 |" in told
    assert "| metric | this version | base | production then (v2) |" in told
    assert "| test/map@10 | – | – | – |" in told
    assert "test: 570 queries in 280 groups, 1 left out" in told
    first = evaluation(champion={}, champion_version=None, bounds={})
    told = section(model_card("faq", metadata(), first), "Judged")
    assert "production then" not in told
    assert "bounds of 95 %" not in told, "it has none"


def test_the_recipe_is_that_of_the_job_in_yaml_1_2() -> None:
    recipe = section(model_card("faq", metadata(), evaluation()), "Recipe")
    (block,) = re.findall(r"```yaml\n(.*?)\n```", recipe, re.DOTALL)
    assert YAML(typ="safe").load(block) == metadata().training_config
    assert Training.model_validate(YAML(typ="safe").load(block)).learning_rate == 5e-5


def test_its_data_are_told_with_digests_and_findings() -> None:
    told = section(model_card("faq", metadata(), evaluation()), "Trained on")
    assert f"| `hf://datasets/org/faq` | c0ffee | 1,200 | en | `{'5' * 64}` |" in told
    assert "1,000 rows to train on, 20 of them made of others, 100 to validate on" in told
    assert "replayed" not in told
    assert "- `leakage/same-query`, 3 rows, removed: ask what the exam asks" in told


def test_lineage_names_what_there_is() -> None:
    told = section(model_card("faq", metadata(), evaluation()), "Lineage")
    assert "| job | `faq-3` |" in told
    assert f"| champion: digest | `{'c' * 64}` |" in told
    assert f"| base's digest | `{'b' * 64}` |" in told
    assert "None" not in told
    assert told.count("hf://org/mini-model") == 1, "the base is told once"


def test_the_contract_and_the_prompts_are_told() -> None:
    card = model_card("faq", metadata(), evaluation())
    assert "| 384 | mean | yes | query: `query: ` | 256 tokens | cosine |" in section(card, "Contract")
    use = section(card, "Use")
    assert "model.encode_query([" in use
    assert "put `query: ` before each query" in use
    assert "truncate_dim" not in use


def test_short_vectors_and_a_frozen_encoder_of_documents_are_told() -> None:
    training = Training(matryoshka=Matryoshka(dims=[384, 128, 64]), tune=Tune(document_encoder="Frozen"))
    trained = metadata(training_config=training.model_dump(mode="json", by_alias=True))
    use = section(model_card("faq", trained, evaluation()), "Use")
    assert "The first 128 or 64 numbers" in use
    assert "truncate_dim=128" in use
    assert "an encoder each" in use


def test_a_model_that_is_not_asked_for_passages_has_no_sides() -> None:
    suite = Suite(kind="SemanticSimilarity")
    asked = AskedSuite(suite=suite, exam="e" * 64, digest="s" * 64, queries=100, groups=50)
    scored = evaluation(suites=[asked], candidate={"test/spearman": 0.8}, base={"test/spearman": 0.7}, champion={})
    card = model_card("faq", metadata(), scored)
    assert "model.encode([" in section(card, "Use")
    assert "encode_query" not in card
    assert head_of(card)["model-index"][0]["results"][0]["task"]["type"] == "semantic-similarity"


def test_a_model_from_outside_says_where_it_is_from_and_that_nobody_knows_more() -> None:
    registered = metadata(training_config={}, training_data={"exam": "e" * 64}, contract=None)
    card = model_card("faq", registered, evaluation(bounds={}))
    assert "trained elsewhere, and taken from `hf://org/mini-model@c0ffee`" in card
    assert "whether it has seen the exam cannot be told" in section(card, "Trained on")
    assert "## Recipe" not in card
    assert head_of(card)["base_model"] == "org/mini-model"


@pytest.mark.parametrize(
    ("tune", "told"),
    [
        (None, "tuned from `hf://org/mini-model@c0ffee` on 1,000 rows"),
        (Tune(from_scratch=True), "trained from scratch on 1,000 rows"),
    ],
    ids=["tuned", "from scratch"],
)
def test_it_says_how_it_was_made(tune: Tune | None, told: str) -> None:
    trained = metadata(training_config=Training(tune=tune).model_dump(mode="json", by_alias=True))
    assert told in model_card("faq", trained, evaluation())


@pytest.mark.parametrize("nasty", ["a | b", "line\nbreak", "back`tick"], ids=["a bar", "a line break", "a backtick"])
def test_strange_names_leave_tables_whole(nasty: str) -> None:
    data = {**metadata().training_data, "sources": [{**SOURCE, "uri": nasty}]}
    contract = metadata().contract
    assert contract is not None
    strange = metadata(training_data=data, contract=contract.model_copy(update={"prompts": {"query": nasty}}))
    for row in re.findall(r"^\|.*$", model_card("faq", strange, evaluation()), re.MULTILINE):
        assert row.endswith("|")
    told = section(model_card("faq", strange, evaluation()), "Trained on")
    (row,) = [row for row in told.splitlines() if "c0ffee" in row]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
