"""An encoder of queries beside one of documents that stays: in one folder, in two, and in the loss."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from embtune_api.documents.files import FileEntry, StoredModel
from embtune_api.documents.prepare import ResolvedBase
from embtune_api.encoder import Encoder
from embtune_api.errors import InvalidInput, Tampered
from embtune_api.requests import EvaluateRequest, Judged
from embtune_api.training import Loss, Training
from embtune_store.folders import list_folder
from embtune_trainer.encoder import load_encoder
from embtune_trainer.encoder_settings import dress, settings_of
from embtune_trainer.evaluate.published import document_files, refuse_other_documents
from embtune_trainer.prepare.two_encoders import refuse_two_encoders
from embtune_trainer.train.frozen import document_encoder, query_encoder, save_both
from embtune_trainer.train.frozen.rows import FrozenDocuments, row_after_row
from embtune_trainer.train.objectives import make_objective
from factories import a_model
from support.tiny_model import make_tiny_model

TEXTS = ["list files", "show help of ls", "remove a folder"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), [*TEXTS, "query:"])


def learnt(folder: Path, prompt: str = "query: ") -> SentenceTransformer:
    """An encoder of queries that is another than the base's."""
    model = load_encoder(query_encoder(folder), torch.device("cpu"))
    dress(model, Encoder.model_validate({"prompts": {"query": prompt}}))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    return model


def opened(folder: Path) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def test_both_load_as_one_model_and_as_two(base: Path, tmp_path: Path) -> None:
    queries, untouched = learnt(base), opened(base)
    save_both(queries, base, list_folder(base), tmp_path)
    both = opened(tmp_path)
    assert np.array_equal(both.encode_query(TEXTS), queries.encode_query(TEXTS))
    assert np.array_equal(both.encode_document(TEXTS), untouched.encode_document(TEXTS))
    assert np.array_equal(both.encode(TEXTS), untouched.encode(TEXTS)), "without a side: what an index holds"
    assert np.array_equal(opened(tmp_path / "query").encode_query(TEXTS), queries.encode_query(TEXTS))
    assert np.array_equal(opened(tmp_path / "document").encode_document(TEXTS), untouched.encode_document(TEXTS))
    assert not np.allclose(both.encode_query(TEXTS), untouched.encode_query(TEXTS), atol=1e-3)
    assert settings_of(both) == settings_of(queries).model_copy(update={"frozen_documents": True})
    for file in list_folder(base):
        assert (tmp_path / "document" / file.path).read_bytes() == (base / file.path).read_bytes()


def test_the_next_version_keeps_the_documents_of_the_first(base: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    save_both(learnt(base), base, list_folder(base), first)
    assert (query_encoder(first), document_encoder(first)) == (first / "query", first / "document")
    save_both(learnt(first, "find: "), first, list_folder(first), second)
    assert opened(second).prompts["query"] == "find: "
    assert np.array_equal(opened(second).encode_document(TEXTS), opened(base).encode_document(TEXTS))
    assert [document_files(_stored(folder)) for folder in (first, second)] == [document_files(_stored(base))] * 2


def test_a_candidate_with_other_documents_is_refused(base: Path, tmp_path: Path) -> None:
    save_both(learnt(base), base, list_folder(base), tmp_path)
    settings = settings_of(opened(tmp_path))
    refuse_other_documents(_asked(_stored(tmp_path), _stored(base), settings))
    config = tmp_path / "document" / "1_Pooling" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "pooling_mode": "cls"}))
    with pytest.raises(Tampered, match="document is not the base model's encoder of documents, which was to stay"):
        refuse_other_documents(_asked(_stored(tmp_path), _stored(base), settings))


def test_a_base_of_two_encoders_is_gone_on_from_with_frozen_documents_alone() -> None:
    base = ResolvedBase(uri="hf://org/model", model=a_model("one"))
    router = FileEntry(path="router_config.json", size=1, sha256="0" * 64)
    two = base.model_copy(update={"model": base.model.model_copy(update={"files": [*base.model.files, router]})})
    refuse_two_encoders(base, Training())
    refuse_two_encoders(two, Training.model_validate({"tune": {"documentEncoder": "Frozen"}}))
    with pytest.raises(InvalidInput, match=r"hf://org/model has one encoder for queries and another for documents"):
        refuse_two_encoders(two, Training())


RECORDS: list[dict[str, Any]] = [
    {"anchor": "a", "positive": "b", "negatives": ["c", "d"], "group": "1"},
    {"anchor": "e", "positive": "c", "negatives": ["b"], "group": "2"},
    {"anchor": "f", "positive": "d", "negatives": ["a"], "group": "3"},
]


def test_anchors_and_documents_are_dealt_into_rows() -> None:
    assert row_after_row([2, 1, 3]).tolist() == [0, 3, 4, 1, 5, 2, 6, 7, 8]


@pytest.mark.parametrize("loss", [Loss(name="MultipleNegativesRanking"), Loss(name="Triplet")], ids=lambda loss: loss.name)
def test_the_loss_is_that_of_whole_rows_and_only_anchors_have_a_gradient(loss: Loss) -> None:
    texts = sorted({text for record in RECORDS for text in (record["anchor"], record["positive"], *record["negatives"])})
    vectors = torch.randn(len(texts), 8, generator=torch.Generator().manual_seed(1))
    of: Callable[[str], int] = texts.index
    documents = tuple(np.array([of(text) for text in (r["positive"], *r["negatives"])]) for r in RECORDS)
    objective = make_objective(RECORDS, loss)
    batch = np.array([2, 0])
    whole = torch.stack(
        [
            vectors[of(text)]
            for row in batch
            for text in (RECORDS[row]["anchor"], RECORDS[row]["positive"], *RECORDS[row]["negatives"])
        ]
    )
    anchors = torch.stack([vectors[of(RECORDS[row]["anchor"])] for row in batch]).requires_grad_(True)
    frozen = FrozenDocuments(objective, vectors, documents)
    value = frozen.loss(anchors, batch).value
    assert value.item() == pytest.approx(objective.loss(whole, batch).value.item(), abs=1e-6)
    value.backward()  # type: ignore[no-untyped-call]
    assert anchors.grad is not None
    assert anchors.grad.abs().sum() > 0
    assert [b.tolist() for b in frozen.batches(2, 0, 5)] == [b.tolist() for b in objective.batches(2, 0, 5)]


def _stored(folder: Path) -> StoredModel:
    return StoredModel(prefix=folder.name, digest="d", files=list_folder(folder))


def _asked(candidate: StoredModel, base: StoredModel, published: Any) -> EvaluateRequest:
    return EvaluateRequest(
        store="memory://",
        namespace="team",
        model="line",
        job="job",
        job_uid="uid",
        digest="d",
        exam="e",
        models=[Judged(role="candidate", model=candidate), Judged(role="base", model=base)],
        suites=[],
        published=published,
    )
