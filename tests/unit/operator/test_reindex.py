"""A version whose embeddings are of another kind than those in production waits, unless the job says otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from embtune_api.contract import CONTRACT_FILES, EmbeddingContract, contract_of, module_files
from embtune_api.documents.publish import PublishedEvaluation
from embtune_api.resources import FineTuneJob
from embtune_api.verdict import Verdict
from embtune_operator.pipeline.readings import Readings
from embtune_operator.registry.looks import looks_at
from embtune_operator.registry.release import promote
from embtune_operator.versions.look import look
from embtune_store import open_store
from factories import METRIC, NOON, a_job, publish_version
from support.pipeline_world import EASY, LINE, World, outcome
from support.real_model import real_model

SMALL = EmbeddingContract(dimension=384, pooling="mean", normalised=True, max_length=256)
LARGE = SMALL.model_copy(update={"dimension": 768, "prompts": {"query": "query: "}})


def contract_in(folder: Path) -> EmbeddingContract:
    modules = (folder / "modules.json").read_bytes()
    paths = [path for path in (*CONTRACT_FILES, *module_files(modules)) if (folder / path).is_file()]
    return contract_of({path: (folder / path).read_bytes() for path in paths})


def saved_now(**settings: Any) -> dict[str, bytes]:
    """The same model, as sentence-transformers 6 saves it: other names, prompts that are empty, the length with the tokenizer."""
    types = {"": "base.modules.transformer.Transformer", "1_Pooling": "sentence_transformer.modules.pooling.Pooling"}
    types["2_Normalize"] = "base.modules.normalize.Normalize"
    files: dict[str, Any] = {
        "modules.json": [{"path": path, "type": f"sentence_transformers.{kind}"} for path, kind in types.items()],
        "config_sentence_transformers.json": {
            "prompts": {"query": "", "document": ""},
            "similarity_fn_name": "cosine",
            **settings,
        },
        "sentence_bert_config.json": {"transformer_task": "feature-extraction"},
        "config.json": {"hidden_size": 384, "max_position_embeddings": 512},
        "tokenizer_config.json": {"model_max_length": 256},
        "1_Pooling/config.json": {"embedding_dimension": 384, "pooling_mode": "mean", "include_prompt": True},
    }
    return {path: json.dumps(content).encode() for path, content in files.items()}


def test_a_model_keeps_its_contract_when_another_version_of_the_library_saves_it() -> None:
    assert contract_in(real_model()) == SMALL
    assert contract_of(saved_now()) == SMALL


def test_every_change_is_told() -> None:
    changed = contract_of(saved_now(prompts={"query": "query: "}, similarity_fn_name="dot"))
    assert SMALL.differences(changed) == ['prompts {} → {"query": "query: "}', "similarity cosine → dot"]
    assert SMALL.differences(LARGE)[0] == "dimension 384 → 768"
    assert SMALL.differences(SMALL) == []


def test_a_dense_layer_says_how_long_vectors_are() -> None:
    files = saved_now()
    modules = [*json.loads(files["modules.json"]), {"path": "3_Dense", "type": "sentence_transformers.models.Dense"}]
    dense = {"modules.json": json.dumps(modules).encode(), "3_Dense/config.json": b'{"in_features": 384, "out_features": 64}'}
    assert contract_of(files | dense).dimension == 64


def test_a_folder_that_does_not_say_it_has_no_contract() -> None:
    with pytest.raises(ValueError, match="how many numbers"):
        contract_of({"modules.json": b'[{"path": "", "type": "sentence_transformers.models.Transformer"}]'})


def job(on_reindex: str) -> FineTuneJob:
    found = a_job(EASY)
    promotion = found.spec.promotion.model_copy(update={"on_reindex": on_reindex})
    return found.model_copy(update={"spec": found.spec.model_copy(update={"promotion": promotion})})


def world(new: EmbeddingContract | None, on_reindex: str = "Hold") -> World:
    """Version 7 with the small contract is in production; the job's version has passed."""
    made = World(job(on_reindex))
    publish_version(made.store, LINE, 7, contract=SMALL)
    promote(made.store, LINE, 7, "", NOON)
    made.trainer.contract = new
    made.run()
    return made


def test_a_change_holds_promotion_and_says_what_changed() -> None:
    held = world(LARGE)
    assert outcome(held) == ("Succeeded", "Passed", "Candidate")
    required, promoted = held.condition("ReindexRequired"), held.condition("Promoted")
    assert required is not None
    assert required.message.startswith("dimension 384 → 768; prompts")
    assert "production v7 does not fit" in required.message
    assert promoted is not None
    assert (promoted.status, promoted.reason) == ("False", "ReindexRequired")
    assert "promotion.onReindex Hold" in promoted.message


@pytest.mark.parametrize(
    ("new", "on_reindex", "required"),
    [
        pytest.param(LARGE, "Promote", True, id="the job says so"),
        pytest.param(SMALL, "Hold", False, id="nothing has changed"),
        pytest.param(None, "Hold", False, id="nobody knows the new one's"),
    ],
)
def test_it_is_promoted_where(new: EmbeddingContract | None, on_reindex: str, required: bool) -> None:
    done = world(new, on_reindex)
    assert outcome(done) == ("Succeeded", "Passed", "Production")
    assert (done.condition("ReindexRequired") is not None) == required


def test_a_first_version_has_no_index_to_fit() -> None:
    made = World(job("Hold"))
    made.trainer.contract = LARGE
    made.run()
    assert outcome(made) == ("Succeeded", "Passed", "Production")


def test_a_version_is_compared_with_what_is_in_production_now() -> None:
    store = open_store("memory://")
    small, large = (publish_version(store, LINE, number, contract=found) for number, found in ((1, SMALL), (2, LARGE)))
    promote(store, LINE, 1, "", NOON)
    seen = look(LINE, large, None, store, Readings())
    assert (seen.production, seen.reindex[0]) == (1, "dimension 384 → 768")
    promote(store, LINE, 2, "", NOON)
    assert look(LINE, large, None, store, Readings()).reindex == ()
    assert look(LINE, small, None, store, Readings()).reindex[0] == "dimension 768 → 384"


def test_an_exam_counts_the_candidates_that_it_has_judged() -> None:
    store, exam = open_store("memory://"), "e" * 64
    for number, (judged_on, model) in enumerate([(exam, "a"), (exam, "b"), (exam, "a"), ("other", "c")], start=1):
        evaluation = PublishedEvaluation(
            exam=judged_on,
            model_digest=model,
            candidate={METRIC: 0.5},
            base={},
            champion={},
            champion_version=None,
            verdict=Verdict(outcome="Rejected", reason="because"),
            suites=[],
        )
        publish_version(store, LINE, number, evaluation=evaluation)
    assert looks_at(store, LINE, exam, "new", Readings()) == 3
    assert looks_at(store, LINE, exam, "b", Readings()) == 2
