"""Whole runs of the real command whose documents stay: two versions, and every command that looks at one."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from support.command import Told, embtune
from support.jobs import MODEL, NAMESPACE, write_job
from support.stored import StoredLine, read_json

GATE = {"metric": "test/ndcg@10", "minDelta": -0.5, "against": "Base"}


@dataclass(frozen=True)
class Chain:
    first: Told
    second: Told
    line: StoredLine

    def ask(self, *command: object) -> Told:
        return embtune(*command, "--store", self.line.store, "--namespace", NAMESPACE)


@pytest.fixture(scope="module")
def chain(bench: Path) -> Chain:
    store = bench / "store-frozen"
    training = {"epochs": 1, "tune": {"documentEncoder": "Frozen"}}
    prompts = {"prompts": {"query": "find "}}
    one = write_job(bench, "frozen-1", ["first.jsonl"], training=training, encoder=prompts, gates=[GATE])
    first = embtune("run", one, "--store", store)
    own = {"version": {"model": MODEL}}
    training = {"tune": {"documentEncoder": "Frozen"}, "epochs": None, "learningRate": None}
    two = write_job(bench, "frozen-2", ["first.jsonl"], base=own, training=training, gates=[GATE])
    return Chain(first, embtune("run", two, "--store", store), StoredLine(store, NAMESPACE, MODEL))


def test_both_versions_keep_the_documents_of_the_first_base(chain: Chain, bench: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    chain.first.ended(0)
    chain.second.ended(0)
    base = SentenceTransformer(str(bench / "tiny" / "model"), device="cpu", local_files_only=True)
    texts = ["ls -la", "tar xf file"]
    for number in (1, 2):
        folder = tmp_path / str(number)
        chain.ask("pull", f"{MODEL}@{number}", folder).ended(0)
        pulled = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        assert np.array_equal(pulled.encode_document(texts), base.encode_document(texts))
        assert pulled.prompts["query"] == "find ", "the second says nothing of it, and keeps it"
        alone = SentenceTransformer(str(folder / "query"), device="cpu", local_files_only=True)
        assert np.array_equal(pulled.encode_query(texts), alone.encode_query(texts))


def test_the_second_went_on_gently(chain: Chain) -> None:
    config = read_json(chain.line.version(2) / "metadata.json")["training_config"]
    assert (config["epochs"], config["learningRate"]) == (1, 1e-5)
    assert config["encoder"]["query_prompt"] == "find "
    assert config["encoder"]["frozen_documents"] is True


def test_verify_and_compare_take_such_a_version(chain: Chain) -> None:
    chain.ask("verify", f"{MODEL}@2").ended(0)
    assert "ndcg@10" in chain.ask("compare", f"{MODEL}@1", f"{MODEL}@2").ended(0).out


def test_a_job_that_would_train_both_encoders_is_refused(chain: Chain, bench: Path) -> None:
    job = write_job(bench, "both", ["first.jsonl"], base={"version": {"model": MODEL, "ref": "1"}})
    refused = embtune("run", job, "--store", chain.line.store).ended(2)
    assert f"baseModel: {MODEL}@1 has one encoder for queries and another for documents" in refused.paragraph
