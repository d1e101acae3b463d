"""Queries by a server, over real HTTP to a local one that fails as real ones do."""

import json
from pathlib import Path
from typing import Any

import pytest

from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_api.synthesis import EndpointWriter, Synthesis, SynthesisRequest, Tokens
from embtune_trainer.synthesize import run_synthesis
from support.chat_server import chat_server, queries_about

KEY = "key-that-nobody-may-read"
VERBS = ["archive", "branch", "compress", "delete", "extract", "format", "gather", "hide", "import", "join", "keep", "list"]
PASSAGES = [f"{verb} all of the files below a folder named {number}" for number, verb in enumerate(VERBS)]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)


def request(folder: Path, url: str, count: int = len(PASSAGES), out: str = "pairs.jsonl", **writer: Any) -> SynthesisRequest:
    rows = [{"id": f"p{number}", "text": text} for number, text in enumerate(PASSAGES[:count])]
    (folder / "docs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    how: dict[str, Any] = {"at_once": 3, "timeout": 1.0, "key_variable": "SOME_KEY", **writer}
    return SynthesisRequest(
        folder=str(folder),
        corpus="docs.jsonl",
        text="text",
        id="id",
        out=str(folder / out),
        writer=EndpointWriter(url=url, model="some-llm", **how),
        per_item=2,
        most_items=None,
        cross_encoder=None,
        min_score=0.8,
        min_characters=8,
        seed=1,
    )


def run(wanted: SynthesisRequest) -> Synthesis:
    return run_synthesis(wanted, lambda _: None, None)


def rows_of(folder: Path, out: str = "pairs.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / out).read_text(encoding="utf-8").splitlines()]


def test_every_failure_once_and_every_passage_answered(tmp_path: Path) -> None:
    with chat_server("429", "500", "garbage", "slow", "html", "mute", seconds=0.05) as chat:
        answer = run(request(tmp_path, chat.url))
    assert (answer.done, answer.total, answer.unanswered, answer.finished) == (12, 12, 0, True)
    assert len(chat.asked) == 12 + 6
    assert chat.most_at_once == 3 or chat.most_at_once == 4, "a slow one may still be at work when it is asked again"
    assert answer.tokens == Tokens(read=12 * 50, written=12 * 12)
    wanted = {(query, f"p{number}") for number, text in enumerate(PASSAGES) for query in queries_about(text)}
    rows = rows_of(tmp_path)
    assert {(row["query"], row["passage_id"]) for row in rows} == wanted
    assert answer.kept == len(rows) == 24
    assert {(row["model"], len(row["model_digest"]), row["score"], row["cross_encoder"]) for row in rows} == {
        ("some-llm", 64, None, None)
    }


def test_the_request_is_what_servers_expect_and_parameters_change_it(tmp_path: Path) -> None:
    with chat_server() as chat:
        run(request(tmp_path, chat.url, count=1, parameters={"max_tokens": None, "temperature": 0.1}))
    body, headers = chat.asked[0], chat.headers[0]
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body.keys() == {"model", "messages", "temperature", "seed"}
    assert (body["model"], body["temperature"], len(body["messages"])) == ("some-llm", 0.1, 1)
    prompt = body["messages"][0]["content"]
    assert prompt.endswith(PASSAGES[0])
    assert "Write 2 different queries" in prompt


def test_the_key_stands_nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with chat_server() as chat:
        run(request(tmp_path, chat.url))
    for file in tmp_path.iterdir():
        assert KEY not in file.read_text(encoding="utf-8")
    with chat_server("401") as chat, pytest.raises(InvalidInput) as refused:
        run(request(tmp_path, chat.url, out="other.jsonl"))
    assert "it answered 401 (no: Bearer …)" in str(refused.value)
    assert "SOME_KEY" in str(refused.value)
    told = capsys.readouterr()
    assert KEY not in str(refused.value) + told.out + told.err


def test_the_order_of_the_corpus_leaves_no_trace(tmp_path: Path) -> None:
    with chat_server() as chat:
        wanted = request(tmp_path, chat.url)
        run(wanted)
        lines = (tmp_path / "docs.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        (tmp_path / "docs.jsonl").write_text("".join(reversed(lines)), encoding="utf-8")
        run(wanted.model_copy(update={"out": str(tmp_path / "again.jsonl")}))
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "pairs.jsonl").read_bytes()
    first, second = sorted(json.dumps(body) for body in chat.asked[:12]), sorted(json.dumps(body) for body in chat.asked[12:])
    assert first == second


@pytest.mark.parametrize("fault", ["500", "quota"])
def test_a_server_that_is_gone_stops_the_run_which_goes_on_later(
    tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embtune_trainer.synthesize.endpoint.TRIES", 2)
    with chat_server(*[""] * 5, *[fault] * 20) as chat:
        wanted = request(tmp_path, chat.url, at_once=1)
        with pytest.raises(EmbtuneError, match="What is done is kept"):
            run(wanted)
        assert len(rows_of(tmp_path)) == 2 * 5
        chat.faults.clear()
        done = set(chat.about()[:5])
        before = len(chat.asked)
        answer = run(wanted)
    assert (answer.done, answer.kept, answer.finished) == (12, 24, True)
    assert not done & set(chat.about()[before:])
    assert answer.tokens == Tokens(read=12 * 50, written=12 * 12)


def test_more_passages_and_other_filters_need_nothing_twice(tmp_path: Path) -> None:
    with chat_server() as chat:
        wanted = request(tmp_path, chat.url)
        assert run(wanted.model_copy(update={"most_items": 4})).kept == 8
        assert run(wanted.model_copy(update={"most_items": 10})).kept == 20
        assert len(chat.asked) == len(set(chat.about())) == 10
        answer = run(wanted.model_copy(update={"most_items": 4, "min_characters": 1000}))
        assert (answer.total, answer.kept, answer.dropped) == (4, 0, {"short": 8})
        assert len(chat.asked) == 10


def test_a_passage_without_a_reply_is_counted_and_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embtune_trainer.synthesize.endpoint.TRIES", 1)
    with chat_server("", "mute") as chat:
        wanted = request(tmp_path, chat.url, at_once=1)
        answer = run(wanted)
        assert (answer.done, answer.unanswered, answer.kept) == (11, 1, 22)
        answer = run(wanted)
        assert (answer.done, answer.unanswered, answer.kept) == (12, 0, 24)
        assert len(chat.asked) == 13


def test_an_address_of_something_else_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embtune_trainer.synthesize.endpoint.TRIES", 1)
    with chat_server(*["html"] * 50) as chat, pytest.raises(EmbtuneError, match="Is it a chat model's address"):
        run(request(tmp_path, chat.url))


@pytest.mark.parametrize(
    ("url", "fault", "error", "says"),
    [
        pytest.param(None, "400", InvalidInput, "null leaves one out", id="a parameter that it does not know"),
        pytest.param("http://127.0.0.1:9/v1", "", EmbtuneError, "cannot be reached", id="nobody is there"),
    ],
)
def test_what_cannot_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str | None, fault: str, error: type[Exception], says: str
) -> None:
    monkeypatch.setattr("embtune_trainer.synthesize.endpoint.TRIES", 2)
    with chat_server(*[fault] * 9) as chat, pytest.raises(error, match=says):
        run(request(tmp_path, url or chat.url))
