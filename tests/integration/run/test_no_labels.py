"""From a corpus without labels to a verdict: the commands of docs/no-labels.md, with tiny models in the place of real ones."""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import click
import pytest

from embtune_operator.cli.review import command as review
from embtune_operator.cli.synthesize import command as synthesize
from embtune_operator.jobfile import load_job
from support.chat_server import chat_server
from support.command import command_line, embtune, environment
from support.shapes import medquad
from support.tiny_model import make_tiny_model
from support.tiny_writer import make_reader, make_tiny_writer

PAGE = (Path(__file__).parents[3] / "docs" / "no-labels.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def passages() -> list[dict[str, str]]:
    texts = sorted({row["answer"] for row in medquad()}, key=len)[:180]
    return [{"id": f"page-{number}", "text": text} for number, text in enumerate(texts)]


def write_corpus(folder: Path, count: int = 180) -> Path:
    (folder / "docs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in passages()[:count]), encoding="utf-8")
    return folder / "docs.jsonl"


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def people(sheet: Path) -> None:
    """Look at the sheet: reject every fifth pair, rewrite one."""
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    for number, row in enumerate(found):
        row["accept"] = "no" if number % 5 == 4 else "yes"
    found[0]["query"] = "what helps against it"
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)


def test_the_page_leads_from_a_corpus_to_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    texts = [row["text"] for row in passages()]
    hub = tmp_path / "hub"
    tiny = make_tiny_model(tmp_path / "tiny", texts)
    make_tiny_writer(hub / "org" / "query-writer", texts)
    make_reader(hub / "cross-encoder" / "ms-marco-MiniLM-L6-v2", tiny)
    told = {}
    for line in COMMANDS:
        assert line.startswith("embtune ")
        name, *arguments = shlex.split(line)[1:]
        if name == "synthesize":
            arguments += ["--min-score", "0.2"]  # random weights find nothing good
        if name == "init":
            arguments += ["--base", "tiny/model"]
        done = embtune(name, *arguments, env={"EMBTUNE_HUB_MIRROR": str(hub)})
        assert done.code in ((0, 3) if name == "run" else (0,)), done.err
        told[name] = done.out
        if (tmp_path / "sheet.csv").exists() and not (tmp_path / "accepted.jsonl").exists():
            people(tmp_path / "sheet.csv")
    assert list(told) == ["synthesize", "review", "init", "run"]
    pairs, accepted = rows_of(tmp_path / "pairs.jsonl"), rows_of(tmp_path / "accepted.jsonl")
    assert len(pairs) > 330
    assert len(accepted) == len(pairs) - 40
    assert [row["query"] for row in accepted if row["review"] == "edited"] == ["what helps against it"]
    assert "160 accepted (1 of them edited), 40 rejected" in told["review"]
    assert "80.0% accepted; 95 % interval 73.9% – 85.0%" in told["review"]
    assert "read as pairs" in told["init"]
    assert load_job(tmp_path / "job.yaml").spec.data.split.group_by == "passage_id"


def test_the_page_tells_every_option_that_is_not_about_output() -> None:
    told = set(re.findall(r"--[a-z-]+", PAGE))
    options = {
        next(name for name in option.opts if name.startswith("--"))
        for command in (synthesize, review)
        for option in command.params
        if isinstance(option, click.Option)
    }
    assert options - told <= {"--json", "--debug"}


def started(*arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command_line(*arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def wait_for_lines(journal: Path, count: int) -> None:
    for _ in range(600):
        if journal.exists() and journal.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.05)
    raise AssertionError("nothing is written")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_a_run_that_was_ended_goes_on_where_it_was(tmp_path: Path, how: signal.Signals) -> None:
    corpus, out = write_corpus(tmp_path, 30), tmp_path / "pairs.jsonl"
    with chat_server(seconds=1) as chat:
        arguments = ("synthesize", corpus, "--endpoint", chat.url, "--llm", "some", "--at-once", 2)
        process = started(*arguments, "-o", out)
        wait_for_lines(tmp_path / "pairs.jsonl.journal", 4)
        os.killpg(process.pid, how)
        said, _ = process.communicate(timeout=60)
        if how == signal.SIGINT:
            assert process.returncode == 130
            assert "Interrupted: the same command goes on from there." in said.decode()
            partly = rows_of(out)
            assert 0 < len(partly) < 60
        asked_before = len(chat.asked)
        chat.seconds = 0.0
        again = embtune(*arguments, "-o", out, "--prices", "1,2").ended(0)
        assert len(set(chat.about())) == 30
        assert len(chat.asked) <= 30 + 2, "those that were under way when it ended, and no other, are asked twice"
        assert len(chat.asked) - asked_before < 30
        assert "1500 tokens read, 360 written, which cost 0.0022" in again.out
        whole = embtune(*arguments, "-o", tmp_path / "whole.jsonl", "--json").ended(0)
    assert whole.json["kept"] == len(rows_of(out)) > 50
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


WRONG: dict[str, tuple[list[str], str]] = {
    "nobody asks": ([], "who asks: give one of --model URI"),
    "two ask": (["--model", "m", "--endpoint", "http://h/v1"], "who asks: give one of --model URI"),
    "no model of the server": (["--endpoint", "http://h/v1"], "--llm NAME"),
    "a key in the address": (["--endpoint", "http://me:secret@h/v1", "--llm", "x"], "the address has a user"),
    "no address": (["--endpoint", "localhost:8000", "--llm", "x"], "no address of a server"),
    "a prompt about nothing": (["--model", "m", "--prompt", "ask!"], "--prompt: {passage} is not in it"),
    "parameters": (["--endpoint", "http://h/v1", "--llm", "x", "--parameters", "{"], "--parameters: not JSON"),
    "prices": (["--model", "m", "--prices", "1"], "--prices 1: give two numbers"),
    "a score of nobody": (["--model", "m", "--min-score", "0.5"], "--min-score: nobody gives scores"),
    "greedy twice": (["--model", "m", "--greedy", "--per-passage", "2"], "--greedy: there is one"),
    "queries that nobody reads": (["--queries", "q.csv"], "--queries: BM25 finds passages that share words"),
    "an option of another": (["--model", "m", "--llm", "x"], "--llm goes with --endpoint"),
    "no folder": (["--model", "m", "--out", "nowhere/x"], "there is no folder"),
    "no corpus": (["--model", "m"], "CORPUS: there is no file"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_meant_is_one_paragraph(tmp_path: Path, name: str) -> None:
    arguments, says = WRONG[name]
    refused = embtune("synthesize", tmp_path / "docs.jsonl", *arguments).ended(2)
    assert says in refused.paragraph
    assert "secret" not in refused.paragraph


def test_a_corpus_whose_first_line_is_a_passage_is_read_whole(tmp_path: Path) -> None:
    lines = ["Ferries leave from the pier at noon.", "Buses leave every hour.", "Trains leave every two hours."]
    (tmp_path / "docs.csv").write_text("\n".join(lines), encoding="utf-8")
    with chat_server() as chat:
        told = embtune(
            "synthesize", tmp_path / "docs.csv", "--endpoint", chat.url, "--llm", "some", "-o", tmp_path / "pairs.jsonl"
        )
        told.ended(0)
    assert {row["passage"] for row in rows_of(tmp_path / "pairs.jsonl")} == set(lines)


def test_columns_are_guessed_and_told_and_a_result_is_not_overwritten(tmp_path: Path) -> None:
    rows = [{"url": f"/{number}", "title": "a page", "body": row["text"]} for number, row in enumerate(passages()[:5])]
    corpus = tmp_path / "docs.jsonl"
    corpus.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    with chat_server() as chat:
        arguments = ("synthesize", corpus, "--endpoint", chat.url, "--llm", "some", "-o")
        made = embtune(*arguments, tmp_path / "pairs.jsonl").ended(0)
        assert "passages in column 'body', named by 'url'" in made.err
        assert {row["passage_id"] for row in rows_of(tmp_path / "pairs.jsonl")} == {row["url"] for row in rows}
        assert "the file is there already" in embtune(*arguments, corpus).ended(2).paragraph
    assert len(rows_of(corpus)) == 5
    sheet = tmp_path / "sheet.csv"
    embtune("review", tmp_path / "pairs.jsonl", "-o", sheet).ended(0)
    assert "nothing is overwritten" in embtune("review", tmp_path / "pairs.jsonl", "-o", sheet).ended(2).paragraph
    back = ("review", tmp_path / "pairs.jsonl", "--read", sheet)
    assert "nobody has written yes or no" in embtune(*back, "-o", tmp_path / "accepted.jsonl").ended(2).paragraph
    assert "--sample" in embtune(*back, "--sample", 3).ended(2).paragraph
