"""Mining with real encoders: the real MiniLM on real rows, a tiny one where it need not know anything."""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embtune_api.documents.publish import VersionManifest, VersionRef
from embtune_api.documents.release import Release, Transition
from embtune_api.errors import InvalidInput
from embtune_api.keys import LineKeys
from embtune_store import documents
from embtune_store.folders import upload_folder
from support.real_model import real_model
from support.rows import tldr_pairs
from support.tiny_model import make_tiny_model
from support.tiny_writer import make_reader
from unit.trainer.prepare_world import Prepared, World, exam_of, write_jsonl

COUNT = 400


def plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum()) or text


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return tldr_pairs(COUNT)


@pytest.fixture
def world(tmp_path: Path, rows: list[dict[str, str]]) -> World:
    write_jsonl(tmp_path / "rows.jsonl", rows)
    return World(tmp_path)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that a model was asked for."""
    from embtune_trainer.evaluate.encoding import encode as really

    asked: list[str] = []

    def encode(model: Any, texts: list[str], *rest: Any) -> Any:
        asked.extend(texts)
        return really(model, texts, *rest)

    monkeypatch.setattr("embtune_trainer.embeddings.encode", encode)
    return asked


def mined(world: World, job: str = "one", base: Path | None = None, file: str = "rows.jsonl", **mine: Any) -> Prepared:
    return world.prepare(world.request(file, job=job, base={"uri": str(base or real_model())}, mine=mine))


def test_the_real_model_finds_harder_texts_than_chance_and_no_known_answer(
    world: World, rows: list[dict[str, str]], encoded: list[str]
) -> None:
    from sentence_transformers import SentenceTransformer

    prepared = mined(world, perQuery=2)
    with_negatives = [row for row in prepared.train if row.get("negatives")]
    assert len(with_negatives) > 0.9 * len(prepared.train)
    answers = {row["positive"] for row in prepared.train}
    known = {(plain(row["anchor"]), plain(row["positive"])) for row in rows}
    for row in with_negatives:
        assert set(row["negatives"]) <= answers - {row["positive"]}
        assert not any((plain(row["anchor"]), plain(negative)) in known for negative in row["negatives"])
    assert not any("negatives" in row for row in prepared.validation)
    asked = {query["text"] for query in exam_of(world)["queries"]} | {row["anchor"] for row in prepared.validation}
    assert encoded
    assert not asked & set(encoded)

    model, chance = SentenceTransformer(str(real_model()), device="cpu"), random.Random(1)
    anchors = model.encode([row["anchor"] for row in with_negatives], normalize_embeddings=True)
    hard = model.encode([row["negatives"][0] for row in with_negatives], normalize_embeddings=True)
    anyhow = model.encode([chance.choice(sorted(answers)) for _ in with_negatives], normalize_embeddings=True)
    assert (anchors * hard).sum(axis=1).mean() > (anchors * anyhow).sum(axis=1).mean() + 0.1

    report = prepared.report.mining
    assert report is not None
    assert sum(report.rows_by_negatives) == len(prepared.train)
    assert report.rows_by_negatives[2] == sum(len(row.get("negatives", ())) == 2 for row in prepared.train)
    assert report.negative_similarity is not None
    assert report.positive_similarity > report.negative_similarity > np.float32((anchors * anyhow).sum(axis=1).mean())
    assert report.false_negatives.method == "Lookalikes"
    assert report.false_negatives.of == sum(len(row.get("negatives", ())) for row in prepared.train)
    assert len(report.examples) == 5
    assert prepared.facts.miner is not None
    assert report.miner_digest == prepared.facts.miner.model.digest == prepared.facts.base.model.digest


def test_a_second_job_embeds_new_texts_alone_and_finds_the_same(
    world: World, rows: list[dict[str, str]], encoded: list[str], tiny_model: Path
) -> None:
    first = mined(world, base=tiny_model)
    assert len(encoded) == len(set(encoded)) > COUNT / 2
    encoded.clear()
    shuffled = random.Random(3).sample(rows, len(rows))
    write_jsonl(world.folder / "shuffled.jsonl", shuffled)
    again = mined(world, job="two", base=tiny_model, file="shuffled.jsonl")
    assert encoded == []
    assert again.train == first.train
    write_jsonl(world.folder / "more.jsonl", [*shuffled, {"anchor": "ask the oracle at Delphi", "positive": "oracle --delphi"}])
    mined(world, job="three", base=tiny_model, file="more.jsonl")
    assert set(encoded) <= {"ask the oracle at Delphi", "oracle --delphi"}
    for stored in list(world.store.list("team/search/embeddings")):
        world.store.put(stored.key, world.store.get(stored.key)[:100])
    assert mined(world, job="four", base=tiny_model).train == first.train


def test_fewer_than_asked_for_are_told(world: World, tiny_model: Path) -> None:
    prepared = mined(world, base=tiny_model, perQuery=3, minScore=0.999)
    finding = next(finding for finding in prepared.report.findings if finding.check == "mine/too-few")
    assert finding.rows == sum(len(row.get("negatives", ())) < 3 for row in prepared.train) > 0


def test_without_a_champion_the_base_looks(world: World, tiny_model: Path) -> None:
    prepared = mined(world, base=tiny_model, **{"with": "Champion"})
    assert "mine/champion" in [finding.check for finding in prepared.report.findings]
    assert prepared.facts.miner == prepared.facts.base


def test_the_champion_looks_and_is_named_with_its_bytes(world: World, rows: list[dict[str, str]], tiny_model: Path) -> None:
    texts = [text for row in rows for text in (row["anchor"], row["positive"])]
    champion = publish(world, make_tiny_model(world.folder / "champion", texts, seed=5))
    by_base = mined(world, base=tiny_model)
    by_champion = mined(world, job="two", base=tiny_model, **{"with": "Champion"})
    assert by_champion.facts.miner is not None
    assert by_champion.facts.miner.model.digest == champion.model_digest != by_champion.facts.base.model.digest
    assert by_champion.report.mining is not None
    assert by_champion.report.mining.miner == "search@1"
    assert by_champion.train != by_base.train


def publish(world: World, model: Path) -> VersionManifest:
    """As version 1 of the line, and put it into production."""
    line = LineKeys("team", "search")
    files = upload_folder(world.store, model, line.version(1).model)
    listed = [file.model_copy(update={"path": f"model/{file.path}"}) for file in files]
    manifest = VersionManifest(model="search", version=1, files=listed)
    documents.put(world.store, line.version(1).manifest, manifest)
    promotion = Transition(kind="Promote", from_version=None, to_version=1, reason="", at=datetime.now(UTC))
    production = VersionRef(version=1, digest=manifest.digest)
    documents.put(world.store, line.release, Release(seq=1, production=production, transition=promotion))
    return manifest


def test_a_cross_encoder_reads_what_is_found(world: World, tiny_model: Path) -> None:
    reader = make_reader(world.folder / "reader", tiny_model)
    lenient = mined(world, base=tiny_model, crossEncoder={"uri": "reader", "maxScore": 1.0})
    assert lenient.report.mining is not None
    assert lenient.report.mining.false_negatives.model_dump() == {
        "share": 0.0,
        "of": sum(map(bool, (row.get("negatives") for row in lenient.train))),
        "method": "CrossEncoder",
    }
    strict = mined(world, job="two", base=tiny_model, crossEncoder={"uri": "reader", "maxScore": 0.001})
    assert strict.report.mining is not None
    assert strict.report.mining.false_negatives.share == 1.0
    assert not any("negatives" in row for row in strict.train)
    (reader / "model.safetensors").unlink()
    with pytest.raises(InvalidInput, match=r"data\.mine\.crossEncoder\.uri: reader has no \*\.safetensors"):
        mined(world, job="three", base=tiny_model, crossEncoder={"uri": "reader"})
