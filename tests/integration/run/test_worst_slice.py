"""A language that got worse under a better average: really trained on real descriptions of commands, German and Chinese.

Version 1 has seen all of the Chinese rows and few of the German ones. The next job has all of the German ones, and a Chinese
file whose answers have slipped by one row, as a spreadsheet does that was sorted by one of its columns.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from embtune_api.documents.publish import PublishedEvaluation
from embtune_api.keys import LineKeys
from embtune_operator.judge.diagnosis import diagnose
from embtune_operator.registry.answers import read_answers
from embtune_store import open_store
from support.command import Told, embtune
from support.jobs import MODEL, NAMESPACE, write_job, write_rows
from support.stored import StoredLine, read_json
from support.tiny_model import make_tiny_model

DATA = Path(__file__).parents[2] / "data"
NO_WORSE: dict[str, Any] = {"metric": "test/ndcg@10", "minDelta": -0.02, "against": "Production"}
SPLIT = {"test": 0.4, "validation": 0.05, "groupBy": "group", "seed": 7}
SLICES = [{"by": "Language"}, {"by": "Length", "buckets": [40, 60]}]


def translations(language: str, slip: int = 0) -> list[dict[str, str]]:
    """Descriptions in that language, asked for the English ones, which lie `slip` rows further down."""
    lines = (DATA / f"tldr-{language}" / "sample.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    answers = [*rows[slip:], *rows[:slip]]
    return [
        {"anchor": row[language], "positive": other["en"], "group": row["id"]} for row, other in zip(rows, answers, strict=True)
    ]


@dataclass(frozen=True)
class Slipped:
    told: Told
    line: StoredLine


@pytest.fixture(scope="module")
def slipped(tmp_path_factory: pytest.TempPathFactory) -> Slipped:
    folder = tmp_path_factory.mktemp("languages")
    german, chinese = translations("de"), translations("zh")
    make_tiny_model(
        folder / "tiny", [text for row in german + chinese for text in (row["anchor"], row["positive"])], hidden=64, layers=1
    )
    for name, rows in (("de", german), ("zh", chinese), ("zh-slipped", translations("zh", slip=1))):
        write_rows(folder / f"{name}.jsonl", rows)

    def run(name: str, chinese_file: str, german_weight: float, gates: list[dict[str, Any]]) -> Told:
        sources = [
            {"uri": "de.jsonl", "language": "de", "weight": german_weight},
            {"uri": f"{chinese_file}.jsonl", "language": "zh"},
        ]
        job = write_job(
            folder,
            name,
            [],
            gates=gates,
            data={"train": sources, "split": SPLIT},
            training={"epochs": 5, "learningRate": 5e-3},
            evaluation={"slices": SLICES},
        )
        return embtune("run", job, "--store", folder / "store")

    run("first", "zh", 0.25, [{"metric": "test/ndcg@10", "min": 0.05}]).ended(0)
    told = run("second", "zh-slipped", 1, [NO_WORSE, {**NO_WORSE, "slice": "language=*"}])
    return Slipped(told, StoredLine(folder / "store", NAMESPACE, MODEL))


def test_the_average_gate_passes_and_the_slice_gate_rejects(slipped: Slipped) -> None:
    slipped.told.ended(3)
    verdict = read_json(slipped.line.version(2) / "evaluation.json")["verdict"]
    average, worst = verdict["gates"]
    assert (average["metric"], average["outcome"]) == ("test/ndcg@10", "Passed")
    assert average["value"] > 0, "better on the whole"
    assert (worst["metric"], worst["outcome"]) == ("test[language=zh]/ndcg@10", "Rejected")
    assert worst["upper"] < -0.02
    assert verdict["outcome"] == "Rejected"
    assert verdict["reason"] == f"1 of 2 gates rejected: {worst['line']}"
    for words in ("ndcg@10 of language=zh", "over production v1, the worst of 2 slices", "95 % upper bound for all slices"):
        assert words in worst["line"]
        assert words in slipped.told.out
    contracts = [read_json(slipped.line.version(number) / "metadata.json")["contract"] for number in (1, 2)]
    assert contracts[0] == contracts[1]
    assert (contracts[0]["dimension"], contracts[0]["pooling"], contracts[0]["normalised"]) == (64, "mean", True)


def test_every_slice_is_told_for_every_role(slipped: Slipped) -> None:
    slices = {one["slice"]: one for one in read_json(slipped.line.version(2) / "evaluation.json")["slices"]}
    assert list(slices) == ["language=de", "language=zh", "length=0-39", "length=40-59", "length=60+"]
    queries = slipped.line.queries
    assert {query["slices"]["language"][0] for query in queries} == {"de", "zh"}
    assert slices["language=zh"]["queries"] == sum(query["slices"]["language"] == ["zh"] for query in queries)
    assert slices["length=0-39"]["queries"] == sum(len(query["text"]) < 40 for query in queries)
    whole = read_json(slipped.line.version(2) / "evaluation.json")
    for role in ("candidate", "base", "champion"):
        for part in (["language=de", "language=zh"], ["length=0-39", "length=40-59", "length=60+"]):
            mean = sum(slices[one]["queries"] * slices[one]["metrics"][role]["test/ndcg@10"] for one in part) / len(queries)
            assert mean == pytest.approx(whole[role]["test/ndcg@10"])


def test_what_the_models_answered_can_be_diagnosed_from_the_store(slipped: Slipped) -> None:
    store, line = open_store(str(slipped.line.store)), LineKeys(NAMESPACE, MODEL)
    one, other = (
        PublishedEvaluation.model_validate(read_json(slipped.line.version(number) / "evaluation.json")) for number in (1, 2)
    )
    exam = line.exam(one.exam)
    first, second = (exam.results(found.model_digest, found.suites[0].digest) for found in (one, other))
    answered = read_answers(store, exam, first, second, "test/ndcg@10")
    found = diagnose(answered)
    assert found.queries == len(slipped.line.queries)
    assert found.change == pytest.approx((other.candidate["test/ndcg@10"] or 0) - (one.candidate["test/ndcg@10"] or 0), abs=1e-5)
    assert all(query.relevant and query.second_top for query in answered)
    chinese = [query for query in answered if not query.text.isascii() and any("\u4e00" <= c <= "\u9fff" for c in query.text)]
    lost = sum(query.change < 0 for query in chinese) / len(chinese)
    assert lost > found.lost / found.queries, "more of the Chinese queries are lost than of all"
