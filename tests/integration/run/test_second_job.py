"""A later job of the line: judged against the champion on the same exam, which it has never seen; then back, and told."""

import json
from pathlib import Path

import pyarrow.parquet

from support.command import embtune
from support.jobs import MODEL, NAMESPACE
from support.leaks import leaks
from support.stored import StoredLine, read_json
from support.whole_runs import CopyOf, Finished


def registry(line: StoredLine, command: str, *arguments: object) -> tuple[object, ...]:
    return (command, *arguments, "--store", line.store, "--namespace", NAMESPACE)


def test_it_is_judged_against_version_1_on_the_same_exam(first: Finished, second: Finished) -> None:
    out = second.told.ended(0).out
    assert "candidate v2" in out
    assert "champion v1" in out
    assert "over production v1, 95 % bound" in out
    assert "over base, 95 % bound" in out
    assert f"{MODEL} v2 is in production" in out
    assert second.line.exam_digest == first.line.exam_digest
    evaluation = read_json(second.line.version(2) / "evaluation.json")
    champion = read_json(first.line.version(1) / "evaluation.json")
    assert evaluation["exam"] == champion["exam"] == first.line.exam_digest
    assert evaluation["champion_version"] == 1
    assert evaluation["champion"] == champion["candidate"]
    assert evaluation["base"] == champion["candidate"], "the base is what was in production"
    assert evaluation["suites"][0]["dropped"] == []
    assert read_json(second.line.version(2) / "metadata.json")["base_model"]["uri"] == f"{MODEL}@1"


def test_nothing_of_the_exam_is_in_what_any_version_was_trained_on(second: Finished) -> None:
    exam, trained_on = second.line.queries, second.line.trained_on("first", "second")
    assert len(exam) > 100
    assert len(second.line.trained_on("second")) > 1.5 * len(second.line.trained_on("first")), "twice the data"
    assert leaks(trained_on, exam) == []


def test_the_check_for_leaks_finds_what_is_planted(second: Finished) -> None:
    exam, trained_on = second.line.queries, second.line.trained_on("second")
    text = max((query["text"] for query in exam), key=len)
    planted = {
        "the query": {"anchor": f" {text.upper()}!!", "positive": "x", "group": "elsewhere"},
        "is nearly": {"anchor": f"{text}s", "positive": "x", "group": "elsewhere"},
        "the group": {"anchor": "nothing that anybody asks", "positive": "x", "group": exam[0]["group"]},
    }
    for kind, row in planted.items():
        found = leaks([*trained_on, row], exam)
        assert found
        assert all(kind in line or "is nearly" in line for line in found)


def test_rollback_returns_to_version_1_and_history_tells_both(second: Finished, copy_of: CopyOf) -> None:
    line = copy_of(second)
    told = embtune(*registry(line, "rollback", MODEL), "--reason", "short queries suffer").ended(0)
    assert told.out == f"{MODEL} v1 is in production again, v2 is rolled back\n"
    assert read_json(line.root / "release.json")["production"] == read_json(line.root / "history" / "1.json")["production"]
    history = embtune(*registry(line, "history", MODEL), "--json").ended(0).json
    moves = [(h["seq"], h["transition"]["kind"], h["transition"]["from_version"], h["transition"]["to_version"]) for h in history]
    assert moves == [(1, "Promote", None, 1), (2, "Promote", 1, 2), (3, "Rollback", 2, 1)]
    table = embtune(*registry(line, "history", MODEL)).ended(0).out
    assert "second: 2 of 2 gates passed" in table
    assert "short queries suffer" in table

    versions = embtune(*registry(line, "versions", MODEL), "--json").ended(0).json
    assert [(v["version"], v["stage"]) for v in versions] == [(1, "Production"), (2, "RolledBack")]
    refused = embtune(*registry(line, "promote", f"{MODEL}@2")).ended(2)
    assert "v2 was rolled back" in refused.paragraph
    assert "--force --reason" in refused.paragraph
    refused = embtune(*registry(line, "promote", f"{MODEL}@2"), "--force").ended(2)
    assert "--force needs --reason" in refused.paragraph
    told = embtune(*registry(line, "promote", f"{MODEL}@2"), "--force", "--reason", "they do not").ended(0)
    assert told.out == f"{MODEL} v2 is in production, before it v1\n"
    assert read_json(line.root / "history" / "4.json")["transition"]["reason"] == "they do not"


def test_the_registry_shows_both_versions(second: Finished) -> None:
    line = second.line
    rows = embtune(*registry(line, "versions", MODEL)).ended(0).out.splitlines()
    assert [row.split()[:3] for row in rows[1:]] == [["v1", "Archived", "Passed"], ["v2", "Production", "Passed"]]
    manifest = read_json(line.root / "release.json")["production"]["digest"]
    assert rows[2].split()[-1] == manifest[:12]

    shown = embtune(*registry(line, "show", f"{MODEL}@production")).ended(0).out
    for told in (f"{MODEL} v2  Production  digest {manifest}", "Job    second", f"Base   {MODEL}@1", "twice.jsonl (1,400 rows"):
        assert told in shown
    plain = embtune(*registry(line, "show", f"{MODEL}@previous"), "--json").ended(0).json
    assert (plain["version"], plain["stage"]) == (1, "Archived")
    assert plain["metadata"] == read_json(line.version(1) / "metadata.json")


def test_compare_is_paired_and_agrees_with_what_was_published(second: Finished) -> None:
    line = second.line
    compared = embtune(*registry(line, "compare", f"{MODEL}@1", f"{MODEL}@2"), "--json").ended(0).json
    assert [model["name"] for model in compared["models"]] == [f"{MODEL}@1", f"{MODEL}@2"]
    assert compared["queries"] == len(line.queries)
    for number, model in enumerate(compared["models"], 1):
        published = read_json(line.version(number) / "evaluation.json")["candidate"]
        assert model["better"] + model["alike"] + model["worse"] == len(line.queries)
        for row, before in zip(model["metrics"], compared["models"][0]["metrics"], strict=True):
            score, difference = row["score"], row["difference"]
            assert abs(score["value"] - published[row["metric"]]) < 1e-9
            assert abs(difference["value"] - (score["value"] - before["score"]["value"])) < 1e-9
            assert difference["lower"] <= difference["value"] <= difference["upper"]
    table = embtune(*registry(line, "compare", f"{MODEL}@1", f"{MODEL}@2")).ended(0).out
    assert f"{len(line.queries):,} questions in " in table
    assert "better" in table


def test_measured_scores_are_the_kept_ones(second: Finished) -> None:
    line = second.line
    compare = registry(line, "compare", f"{MODEL}@1", f"{MODEL}@2")
    kept, measured = (embtune(*compare, "--json", *more).ended(0).json["models"] for more in ((), ("--measure",)))
    for before, after in zip(kept, measured, strict=True):
        scores = {row["metric"]: row["score"]["value"] for row in after["metrics"]}
        for row in before["metrics"]:
            assert abs(row["score"]["value"] - scores[row["metric"]]) < 1e-6
        assert before["cost"]["dimension"] == after["cost"]["dimension"] == 32
        assert after["cost"]["size"] == before["cost"]["size"]
        assert before["cost"]["texts_a_second"] is None
        assert after["cost"]["texts_a_second"] > 0


def test_vectors_carry_the_digest_of_their_version(second: Finished, bench: Path, tmp_path: Path) -> None:
    line, out = second.line, tmp_path / "vectors.parquet"
    command = registry(line, "embed", f"{MODEL}@production", bench / "first.jsonl", "--text", "positive", "--out", out)
    told = embtune(*command).ended(0)
    assert told.out.startswith(f"{out}: 700 vectors of 32 numbers")
    stamp = json.loads(pyarrow.parquet.read_schema(out).metadata[b"embtune"])
    assert stamp["model"] == f"{MODEL}@2"
    assert stamp["digest"] == read_json(line.version(2) / "evaluation.json")["model_digest"]


def test_the_report_is_one_page_of_what_the_store_holds(second: Finished, tmp_path: Path) -> None:
    line, out = second.line, tmp_path / "page.html"
    assert f"embtune report {MODEL}@2 --store {line.store}" in second.told.out
    for subject in (f"{MODEL}@2", "second", MODEL):
        assert embtune(*registry(line, "report", subject, "--out", out)).ended(0).processor < 10
        page = out.read_text(encoding="utf-8")
        for told in (
            f"{MODEL} v2 passed its gates and is in production",
            "production v1",
            "training, each step",
            "twice.jsonl",
            "Losses: ",
        ):
            assert told in page


def test_the_best_version_is_the_one_with_the_highest_score(second: Finished) -> None:
    line = second.line
    scores = {n: read_json(line.version(n) / "evaluation.json")["candidate"]["test/ndcg@10"] for n in (1, 2)}
    best = max(scores, key=lambda n: (scores[n], -n))
    for ref in ("best:test/ndcg@10", "best:ndcg@10"):
        assert embtune(*registry(line, "show", f"{MODEL}@{ref}"), "--json").ended(0).json["version"] == best
