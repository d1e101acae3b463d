"""Queries by a real sequence-to-sequence model and a real cross-encoder, tiny and with random weights."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import TopPLogitsWarper

from embtune_api.base_model import BaseModelRef
from embtune_api.errors import InvalidInput
from embtune_api.synthesis import QueryMatcher, Seq2SeqWriter, Synthesis, SynthesisProgress, SynthesisRequest
from embtune_store import open_store
from embtune_trainer.prepare.mining.cross_encoder import PairReader
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.synthesize import run_synthesis
from embtune_trainer.text_to_text import Drawn
from support.shapes import medquad
from support.tiny_writer import make_reader, make_tiny_writer

COUNT = 40


@pytest.fixture(scope="module")
def passages() -> list[str]:
    return sorted({row["answer"][:400] for row in medquad()})[:COUNT]


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory, passages: list[str]) -> Path:
    return make_tiny_writer(tmp_path_factory.mktemp("writer") / "model", passages)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    return make_reader(tmp_path_factory.mktemp("reader") / "model", tiny_model)


def write_corpus(folder: Path, passages: list[str]) -> None:
    lines = [json.dumps({"text": text}) + "\n" for text in passages]
    (folder / "docs.jsonl").write_text("".join(lines), encoding="utf-8")


def request(folder: Path, writer: Seq2SeqWriter | QueryMatcher, out: str = "pairs.jsonl", **changes: Any) -> SynthesisRequest:
    return SynthesisRequest(
        **{
            "folder": str(folder),
            "corpus": "docs.jsonl",
            "text": "text",
            "id": None,
            "out": str(folder / out),
            "writer": writer,
            "per_item": 2,
            "most_items": None,
            "cross_encoder": None,
            "min_score": 0.5,
            "min_characters": 8,
            "seed": 0,
            **changes,
        }
    )


def run(wanted: SynthesisRequest, told: list[SynthesisProgress] | None = None) -> Synthesis:
    return run_synthesis(wanted, (told if told is not None else []).append, None)


def words_of(text: str) -> set[str]:
    return set("".join(letter for letter in text.casefold() if letter.isalnum() or letter.isspace()).split())


def rows_of(folder: Path, out: str = "pairs.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / out).read_text(encoding="utf-8").splitlines()]


def test_queries_are_written_whatever_the_order_and_another_seed_writes_others(
    tmp_path: Path, passages: list[str], writer: Path
) -> None:
    model = Seq2SeqWriter(uri=str(writer))
    write_corpus(tmp_path, passages)
    told: list[SynthesisProgress] = []
    answer = run(request(tmp_path, model), told)
    rows = rows_of(tmp_path)
    assert (answer.done, answer.total, answer.kept) == (COUNT, COUNT, len(rows))
    assert 1.9 * COUNT < answer.pairs <= 2 * COUNT, "a query may end before its first word"
    assert len({row["query"] for row in rows}) > 1.9 * COUNT
    assert {row["passage"] for row in rows} == {text.strip() for text in passages}
    assert {(row["model"], row["score"]) for row in rows} == {(str(writer), None)}
    assert told[-1].total == COUNT
    write_corpus(tmp_path, random.Random(1).sample(passages, COUNT))
    run(request(tmp_path, model, "again.jsonl"))
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "pairs.jsonl").read_bytes()
    run(request(tmp_path, model, "other.jsonl", seed=1))
    assert not {row["query"] for row in rows_of(tmp_path, "other.jsonl")} & {row["query"] for row in rows}


def test_a_run_that_died_goes_on_to_the_same_bytes(tmp_path: Path, passages: list[str], writer: Path) -> None:
    model = Seq2SeqWriter(uri=str(writer))
    write_corpus(tmp_path, passages)
    run(request(tmp_path, model))
    lines = (tmp_path / "pairs.jsonl.journal").read_bytes().splitlines(keepends=True)
    (tmp_path / "died.jsonl.journal").write_bytes(b"".join(lines[:2]) + lines[2][:50])
    assert run(request(tmp_path, model, "died.jsonl")).finished
    assert (tmp_path / "died.jsonl").read_bytes() == (tmp_path / "pairs.jsonl").read_bytes()
    assert (tmp_path / "died.jsonl.journal").read_bytes() == (tmp_path / "pairs.jsonl.journal").read_bytes()


def test_greedy_is_the_likeliest_query_and_the_prompt_is_what_the_model_reads(
    tmp_path: Path, passages: list[str], writer: Path
) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    write_corpus(tmp_path, passages[:3])
    prompt = "people ask {passage}"
    run(request(tmp_path, Seq2SeqWriter(uri=str(writer), greedy=True, prompt=prompt), per_item=1, min_characters=1))
    tokenizer = AutoTokenizer.from_pretrained(str(writer))
    model = AutoModelForSeq2SeqLM.from_pretrained(str(writer)).eval()
    for row in rows_of(tmp_path):
        fed = tokenizer([prompt.replace("{passage}", row["passage"])], return_tensors="pt")
        tokens = model.generate(fed["input_ids"], attention_mask=fed["attention_mask"], max_new_tokens=64, do_sample=False)
        assert row["query"] == tokenizer.decode(tokens[0], skip_special_tokens=True)


def test_a_chance_of_each_rows_own_samples_the_nucleus() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]])).repeat(20_000, 1)
    alone = Drawn([7], TopPLogitsWarper(0.9))(torch.zeros((1, 1), dtype=torch.long), logits[:1].clone())
    sampler = Drawn([7, *range(100, 20_099)], TopPLogitsWarper(0.9))
    scores = sampler(torch.zeros((20_000, 1), dtype=torch.long), logits)
    assert torch.equal(scores[:1], alone)
    counts = Counter(scores.argmax(dim=1).tolist())
    shares = np.array([counts[word] / 20_000 for word in range(4)])
    assert shares == pytest.approx(np.array([0.5, 0.3, 0.15, 0.0]) / 0.95, abs=0.015)


def test_a_cross_encoder_reads_every_pair_and_drops_what_it_does_not_find_good(
    tmp_path: Path, passages: list[str], writer: Path, reader: Path
) -> None:
    write_corpus(tmp_path, passages)
    wanted = request(tmp_path, Seq2SeqWriter(uri=str(writer)), cross_encoder=str(reader), min_score=0.0)
    assert run(wanted).dropped == {}
    rows = rows_of(tmp_path)
    outside = Outside(open_store("memory://"))
    again = PairReader(BaseModelRef(uri=str(reader)), tmp_path, None, outside).scores(lambda *_: None)
    scores = again([(row["query"], row["passage"]) for row in rows])
    assert [row["score"] for row in rows] == pytest.approx(scores.tolist(), abs=2e-4)
    middle = float(np.median(scores))
    answer = run(wanted.model_copy(update={"min_score": middle}))
    kept = rows_of(tmp_path)
    assert answer.dropped == {"score": len(rows) - len(kept)}
    assert kept == [row for row in rows if row["score"] > round(middle, 4) or row in kept]
    assert 0 < len(kept) < len(rows)
    assert {(row["cross_encoder"], len(row["cross_encoder_digest"])) for row in kept} == {(str(reader), 64)}


def test_queries_of_people_get_the_passages_that_share_their_words(tmp_path: Path, passages: list[str], reader: Path) -> None:
    write_corpus(tmp_path, passages)
    asked = [" ".join(random.Random(number).sample(text.split(), 8)) for number, text in enumerate(passages)]
    (tmp_path / "asked.csv").write_text(
        "\n".join(["question", *(f'"{text}"'.replace("\\", "") for text in asked if '"' not in text)])
    )
    found = request(tmp_path, QueryMatcher(queries="asked.csv", text="question"), cross_encoder=str(reader), per_item=3)
    answer = run(found.model_copy(update={"min_score": 0.0}))
    assert (answer.model, answer.pairs) == ("bm25", 3 * answer.total)
    rows = rows_of(tmp_path)
    own = {query: text.strip() for query, text in zip(asked, passages, strict=True)}
    hits = {row["query"] for row in rows if own.get(row["query"]) == row["passage"]}
    assert len(hits) > 0.9 * answer.total
    for row in rows:
        assert words_of(row["query"]) & words_of(row["passage"])
    assert run(found.model_copy(update={"min_score": 1.0})).kept == 0


def test_what_is_no_such_model_is_told(tmp_path: Path, passages: list[str], writer: Path, tiny_model: Path) -> None:
    write_corpus(tmp_path, passages[:3])
    with pytest.raises(InvalidInput, match=r"model\.uri: .* cannot be loaded as a sequence-to-sequence model"):
        run(request(tmp_path, Seq2SeqWriter(uri=str(tiny_model))))
    with pytest.raises(InvalidInput, match=r"model\.uri: there is no folder"):
        run(request(tmp_path, Seq2SeqWriter(uri="nowhere")))
    with pytest.raises(InvalidInput, match=r"crossEncoder\.uri: there is no folder"):
        run(request(tmp_path, Seq2SeqWriter(uri=str(writer)), cross_encoder="nowhere"))
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "config.json").write_text("{}")
    with pytest.raises(InvalidInput, match=r"model\.uri: bare has no \*\.safetensors"):
        run(request(tmp_path, Seq2SeqWriter(uri="bare")))
    assert not (tmp_path / "pairs.jsonl").exists()
