"""The step `evaluate` with several suites, on real data and a real model: each number against one that is computed anew."""

import csv
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import (
    EmbeddingSimilarityEvaluator,
    TranslationEvaluator,
    TripletEvaluator,
)
from sklearn.metrics import f1_score

from embtune_api.documents.evaluate import EvaluateFacts
from embtune_api.documents.files import StoredModel
from embtune_api.evaluation import Suite
from embtune_api.reports import EvaluationReport
from embtune_api.requests import EvaluateRequest, Judged
from embtune_store import documents
from embtune_trainer.evaluate import run_evaluate
from support.real_model import real_model
from support.rows import banking77_texts
from support.shapes import DATA, EXAMPLES
from support.tiny_model import make_tiny_model
from support.tiny_writer import make_reader
from unit.trainer.prepare_world import Prepared, World, write_jsonl

INTENTS, ENGLISH_GERMAN, HINTS, SIMILAR = 160, 60, 180, 50
NOTHING = "NO_NODES_DETECTED"
STSB = EXAMPLES["scored pairs"]


def hints() -> list[dict[str, Any]]:
    """What customers of a shop typed, much of it out of scope."""
    with (DATA / "hint3" / "curekart_v1_v2.csv").open(encoding="utf-8", newline="") as file:
        return [{"text": row["sentence"], "label": row["label_v2"]} for row in csv.DictReader(file)][:HINTS]


def translations() -> list[dict[str, Any]]:
    sides = [
        (DATA / "published" / f"tatoeba.deu-eng.{side}").read_text(encoding="utf-8").splitlines()[:ENGLISH_GERMAN]
        for side in ("eng", "deu")
    ]
    return [{"en": one, "de": other} for one, other in zip(*sides, strict=True)]


def triplets() -> list[dict[str, str]]:
    """Texts of customers with one of the same intent, and one of another."""
    texts = banking77_texts()[INTENTS : INTENTS + 130]
    found = []
    for number, (text, intent) in enumerate(texts):
        same = next((other for other, label in texts[number + 1 :] if label == intent), None)
        if same:
            found.append({"a": text, "p": same, "n": next(other for other, label in texts[number + 1 :] if label != intent)})
    return found


LABELLED = {"text": "text", "label": "label"}
SUITES: list[dict[str, Any]] = [
    {"name": "test", "kind": "Retrieval", "cutoffs": [1, 10]},
    {"name": "intents", "kind": "Classification"},
    {
        "name": "scope",
        "kind": "Classification",
        "data": {"uri": "hints.jsonl", "columns": LABELLED},
        "classification": {"outOfScope": NOTHING},
    },
    {
        "name": "general",
        "kind": "SemanticSimilarity",
        "guard": True,
        "data": {"uri": "sts.jsonl", "columns": STSB.columns},
    },
    {"name": "german", "kind": "Bitext", "data": {"uri": "de.jsonl", "columns": {"anchor": "en", "positive": "de"}}},
    {
        "name": "wrong",
        "kind": "Triplet",
        "data": {"uri": "triplets.jsonl", "columns": {"anchor": "a", "positive": "p", "negative": "n"}},
    },
    {
        "name": "again",
        "kind": "Reranking",
        "cutoffs": [10],
        "reranking": {"crossEncoder": {"uri": "reader"}, "depth": 10},
    },
]


class Examined:
    """One evaluation: the real model as candidate, a tiny random one as base."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        rows = EXAMPLES["labelled texts"].rows()[:INTENTS]
        write_jsonl(folder / "train.jsonl", rows)
        write_jsonl(folder / "hints.jsonl", hints())
        write_jsonl(folder / "sts.jsonl", STSB.rows()[:SIMILAR])
        write_jsonl(folder / "de.jsonl", translations())
        write_jsonl(folder / "triplets.jsonl", triplets())
        words = [text for row in rows for text in re.findall(r"\w+", row["text"])]
        tiny = make_tiny_model(folder / "tiny", words)
        make_reader(folder / "reader", tiny)
        self.suites = [Suite.model_validate(suite) for suite in SUITES]
        candidate = self._prepared("one", real_model())
        base = self._prepared("two", tiny)
        self.exams = {staged.name: staged.exam for staged in candidate.facts.suites}
        models = {"candidate": candidate.facts.base.model, "base": base.facts.base.model}
        self.request = self._asked(candidate, models)
        manifest = run_evaluate(self.request, self.world.store, lambda _: None)
        self.facts = EvaluateFacts.model_validate(manifest.facts)
        keys = self.request.job_keys.step("evaluate", self.request.digest)
        report = documents.read(self.world.store, keys.report, EvaluationReport)
        assert report
        self.report = report
        self.real = SentenceTransformer(str(real_model()), device="cpu")

    def _prepared(self, job: str, base: Path) -> Prepared:
        request = self.world.request(
            "train.jsonl", job=job, base={"uri": str(base)}, columns={"text": "text", "label": "category"}, split={"test": 0.5}
        )
        staged = [suite for suite in self.suites if suite.is_staged]
        return self.world.prepare(request.model_copy(update={"suites": staged}))

    def _asked(self, prepared: Prepared, models: dict[Any, StoredModel]) -> EvaluateRequest:
        return EvaluateRequest(
            store=self.world.store.uri,
            namespace="team",
            model="search",
            job="one",
            job_uid="uid-one",
            digest="e" * 64,
            exam=prepared.facts.exam,
            models=[Judged(role=role, model=model) for role, model in models.items()],
            suites=self.suites,
            staged=prepared.facts.suites,
        )

    def of(self, role: Any, metric: str) -> float:
        value = self.report.metrics[role][metric]
        assert value is not None
        return value

    def exam(self, name: str) -> Any:
        from embtune_trainer.evaluate.exam import load_exam

        digest = self.exams.get(name, self.request.exam)
        return load_exam(self.world.store, self.request.line_keys.exam(digest))


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Examined:
    return Examined(tmp_path_factory.mktemp("examined"))


def test_every_suite_yields_all_its_metrics_for_every_model(examined: Examined) -> None:
    names = [name for suite in examined.suites for name in suite.metrics()]
    for role in ("candidate", "base"):
        assert sorted(examined.report.metrics[role]) == sorted(names)
        assert all(value is not None for value in examined.report.metrics[role].values())
    assert set(examined.facts.scores) == {suite.name for suite in examined.suites}
    assert [asked.exam for asked in examined.report.suites][1] == examined.request.exam


@pytest.mark.parametrize("metric", ["test/ndcg@10", "intents/accuracy", "scope/accuracy", "scope/macro-f1"])
def test_a_model_that_knows_language_is_better_than_one_that_does_not(examined: Examined, metric: str) -> None:
    assert examined.of("candidate", metric) > examined.of("base", metric) + 0.05


def test_the_nearest_centroid_is_that_of_plain_arithmetic(examined: Examined) -> None:
    exam = examined.exam("intents")
    texts = examined.real.encode(exam.queries, normalize_embeddings=True)
    known = examined.real.encode([text for text, _ in exam.reference], normalize_embeddings=True)
    labels = [labels[0] for _, labels in exam.reference]
    names = sorted(set(labels))
    means = np.stack([known[[label == name for label in labels]].mean(axis=0) for name in names])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    found = [names[at] for at in (texts @ means.T).argmax(axis=1)]
    own = [labels[0] for labels in exam.labels]
    assert examined.of("candidate", "intents/accuracy") == pytest.approx(
        np.mean([a == b for a, b in zip(found, own, strict=True)])
    )
    assert examined.of("candidate", "intents/macro-f1") == pytest.approx(f1_score(own, found, average="macro", zero_division=0.0))


def test_out_of_scope_is_told_better_than_by_always_saying_so(examined: Examined) -> None:
    exam = examined.exam("scope")
    nothing = np.mean([labels == [NOTHING] for labels in exam.labels])
    assert 0.2 < nothing < 0.8, "both kinds of texts are asked"
    assert examined.of("candidate", "scope/accuracy") > max(nothing, 1 - nothing)


def test_triplets_translations_and_similarities_are_those_of_sentence_transformers(examined: Examined) -> None:
    pairs = translations()
    theirs = TranslationEvaluator([row["en"] for row in pairs], [row["de"] for row in pairs], batch_size=64)(examined.real)
    assert examined.of("candidate", "german/forward") == pytest.approx(_named(theirs, "src2trg_accuracy"), abs=1e-6)
    assert examined.of("candidate", "german/backward") == pytest.approx(_named(theirs, "trg2src_accuracy"), abs=1e-6)

    rows = STSB.rows()[:SIMILAR]
    one, other = ([row[name] for row in rows] for name in ("sentence1", "sentence2"))
    similar = EmbeddingSimilarityEvaluator(one, other, [float(row["score"]) for row in rows])(examined.real)
    assert examined.of("candidate", "general/spearman") == pytest.approx(_named(similar, "spearman_cosine"), abs=0.01)

    anchors, right, wrong = ([row[role] for row in triplets()] for role in "apn")
    assert len(set(anchors)) == len(anchors) > 40, "each anchor has one triplet, so that the mean is over triplets"
    nearer = TripletEvaluator(anchors, right, wrong)(examined.real)
    assert examined.of("candidate", "wrong/accuracy") == pytest.approx(_named(nearer, "cosine_accuracy"), abs=1e-6)


def _named(found: Any, name: str) -> float:
    return float(next(value for key, value in found.items() if key.endswith(name)))


def test_reranked_passages_are_in_the_readers_order(examined: Examined) -> None:
    """A random reader makes of the search what its own order is worth."""
    exam = examined.exam("again")
    queries = examined.real.encode_query(exam.queries, normalize_embeddings=True)
    passages = examined.real.encode_document(exam.passages, normalize_embeddings=True)
    reader = CrossEncoder(str(examined.world.folder / "reader"), device="cpu", local_files_only=True)
    gains = []
    for number, found in enumerate(np.argsort(-(queries @ passages.T), axis=1)[:, :10]):
        scores = reader.predict([(exam.queries[number], exam.passages[at]) for at in found], show_progress_bar=False)
        told = exam.relevance[exam.query_ids[number]]
        hits = [told.get(exam.passage_ids[at], 0) for at in found[np.argsort(-scores, kind="stable")]]
        ideal = sorted(told.values(), reverse=True)[:10]
        gains.append(_dcg(hits) / _dcg(ideal))
    assert examined.of("candidate", "again/ndcg@10") == pytest.approx(np.mean(gains), abs=1e-4)
    assert examined.of("candidate", "again/recall@10") == examined.of("candidate", "test/recall@10"), "nothing is lost or found"
    assert examined.of("candidate", "again/ndcg@10") != examined.of("candidate", "test/ndcg@10")


def _dcg(grades: list[int]) -> float:
    return sum(grade / math.log2(place + 2) for place, grade in enumerate(grades))


def test_what_is_there_is_not_asked_again(examined: Examined, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another job that asks one suite more loads a model for that one alone, and for no other model's results."""
    from embtune_trainer.evaluate import results, suites

    asked: list[str] = []
    real_ask = suites.ask_each_way

    def ask(encoder: Any, exam: Any, suite: Suite, *rest: Any) -> Any:
        asked.append(suite.name)
        return real_ask(encoder, exam, suite, *rest)

    monkeypatch.setattr(results, "ask_each_way", ask)
    more = Suite.model_validate({"name": "more", "kind": "Retrieval", "cutoffs": [3]})
    one = examined.request.models[:1]
    request = examined.request.model_copy(
        update={"digest": "f" * 64, "models": one, "suites": [*examined.suites, more], "job_uid": "uid-two"}
    )
    manifest = run_evaluate(request, examined.world.store, lambda _: None)
    assert asked == ["more"]
    assert EvaluateFacts.model_validate(manifest.facts).cached == []
    again = run_evaluate(request.model_copy(update={"digest": "a" * 64}), examined.world.store, lambda _: None)
    assert asked == ["more"]
    assert EvaluateFacts.model_validate(again.facts).cached == ["candidate"]
