"""The published model is what its job says: in memory, in its folder, and where it is loaded again."""

import json
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from embtune_api.documents.files import StoredModel
from embtune_api.encoder import Encoder
from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.keys import LineKeys, ResultKeys
from embtune_store import open_store
from embtune_store.folders import upload_folder
from embtune_trainer.embeddings import embed_texts
from embtune_trainer.encoder import load_encoder
from embtune_trainer.encoder_settings import dress, refuse_other, settings_of
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.results import Examinee, ensure_results
from embtune_trainer.train.save import save
from support.tiny_model import make_tiny_model

TEXTS = ["list files", "show help of ls", "remove a folder"]
EVERYTHING = {
    "maxSeqLength": 100,
    "prompts": {"query": "query: ", "document": "passage: "},
    "pooling": "Cls",
    "normalize": False,
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), [*TEXTS, "query: passage:"])


def loaded(folder: Path) -> SentenceTransformer:
    return load_encoder(folder, torch.device("cpu"))


def dressed(base: Path, encoder: dict[str, Any]) -> SentenceTransformer:
    model = loaded(base)
    dress(model, Encoder.model_validate(encoder))
    return model


def test_what_is_said_is_what_is_saved_and_loaded(base: Path, tmp_path: Path) -> None:
    model = dressed(base, EVERYTHING)
    save(model, tmp_path)
    again = SentenceTransformer(str(tmp_path), device="cpu", local_files_only=True)
    assert settings_of(again) == settings_of(model)
    assert settings_of(again).model_dump() == {
        "max_seq_length": 100,
        "query_prompt": "query: ",
        "document_prompt": "passage: ",
        "other_prompt": "",
        "pooling": "cls",
        "normalize": False,
        "dimension": 32,
        "frozen_documents": False,
    }
    raw = [again.encode([f"{prompt}{text}" for text in TEXTS]) for prompt in ("query: ", "passage: ")]
    assert np.allclose(again.encode_query(TEXTS), raw[0], atol=1e-6)
    assert np.allclose(again.encode_document(TEXTS), raw[1], atol=1e-6)
    assert not np.allclose(np.linalg.norm(raw[0], axis=1), 1)
    said = json.loads((tmp_path / "config_sentence_transformers.json").read_text())["prompts"]
    assert said == {"query": "query: ", "document": "passage: "}


def test_what_is_not_said_stays(base: Path) -> None:
    untouched = settings_of(loaded(base))
    assert settings_of(dressed(base, {})) == untouched
    one_prompt = settings_of(dressed(base, {"prompts": {"query": "query: "}}))
    assert one_prompt == untouched.model_copy(update={"query_prompt": "query: "})
    assert settings_of(dressed(base, {"normalize": True})) == untouched, "it does so already"


def test_a_model_that_is_another_than_its_job_says_is_refused_with_every_difference(base: Path) -> None:
    refuse_other(dressed(base, EVERYTHING), settings_of(dressed(base, EVERYTHING)), "candidate")
    with pytest.raises(
        EmbtuneError, match=r"candidate does not load as its job says: .*query_prompt is '' instead of 'query: '.*"
    ) as it:
        refuse_other(loaded(base), settings_of(dressed(base, EVERYTHING)), "candidate")
    for name in (
        "max_seq_length is 64 instead of 100",
        "pooling is 'mean' instead of 'cls'",
        "normalize is True instead of False",
    ):
        assert name in str(it.value)


def test_more_tokens_than_the_model_has_positions_for_are_refused(base: Path) -> None:
    assert settings_of(dressed(base, {"maxSeqLength": 128})).max_seq_length == 128
    with pytest.raises(
        InvalidInput, match=re.escape("encoder.maxSeqLength: the base model has positions for 128 tokens, not for 129")
    ):
        dressed(base, {"maxSeqLength": 129})


def test_what_is_examined_is_the_model_that_the_job_says(base: Path) -> None:
    store = open_store("memory://")
    files = upload_folder(store, base, "candidate")
    candidate = StoredModel(prefix="candidate", digest="d" * 64, files=files)
    exam = LoadedExam(["q"], [TEXTS[0]], ["g"], ["a", "b"], TEXTS[1:], {"q": {"a": 1}})
    other, own = settings_of(dressed(base, {"pooling": "Cls"})), settings_of(loaded(base))
    for published, keys in ((other, ResultKeys("other")), (own, ResultKeys("own"))):
        with pytest.raises(EmbtuneError, match="pooling is 'mean' instead of 'cls'") if published is other else nullcontext():
            ensure_results([(None, keys)], Examinee(store, candidate, published), exam, Suite(), lambda _: None)
        assert store.exists(keys.manifest) == (published is own)


def test_the_base_looks_for_negatives_as_the_published_model_will(base: Path) -> None:
    store = open_store("memory://")
    model = StoredModel(prefix="base", digest="d" * 64, files=upload_folder(store, base, "base"))
    line, said = LineKeys("team", "line"), Encoder.model_validate(EVERYTHING)
    found = embed_texts(store, line, model, TEXTS, side="query", encoder=said)
    assert np.allclose(found, dressed(base, EVERYTHING).encode_query(TEXTS), atol=1e-6)
    assert np.allclose(embed_texts(store, line, model, TEXTS, side="query"), loaded(base).encode_query(TEXTS), atol=1e-6)
