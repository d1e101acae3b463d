"""Paraphrases by a real T5, tiny and trained here: what is asked of it, what is taken, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from embtune_api.augment import Paraphrase
from embtune_api.base_model import BaseModelRef
from embtune_api.errors import InvalidInput
from embtune_store import open_store
from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.augment.paraphrase import Paraphraser
from embtune_trainer.prepare.outside import Outside
from support.tiny_seq2seq import make_tiny_seq2seq
from unit.trainer.prepare_world import THINGS, VERBS, Prepared, World, some_pairs, write_jsonl

PROMPT = "say: "
TEXTS = [f"{verb} {thing}" for verb in VERBS for thing in THINGS]


def said(text: str) -> str:
    verb, thing = text.split()
    return f"please {verb} my {thing}"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    taught = TEXTS[::3]
    pairs = [(f"{PROMPT}{text}", said(text)) for text in [*taught, *(text for text in TEXTS if text not in taught)]]
    return make_tiny_seq2seq(tmp_path_factory.mktemp("seq2seq") / "t5", pairs)


def paraphraser(model: Path, **words: Any) -> Paraphraser:
    wanted = Paraphrase.model_validate({"uri": model.name, "prompt": PROMPT, **words})
    reference = BaseModelRef(uri=model.name)
    return Paraphraser(wanted, reference, model.parent, Outside(open_store("memory://")))


def told(done: int, of: int) -> None:
    assert 0 < done <= of


def test_the_likeliest_words_are_what_the_model_has_learnt(model: Path) -> None:
    answers = paraphraser(model, temperature=0).paraphrase([(text, Chance(0, text)) for text in TEXTS], told)
    assert sum(answer == said(text) for text, answer in zip(TEXTS, answers, strict=True)) > 0.9 * len(TEXTS)


def test_what_becomes_of_a_text_does_not_depend_on_those_read_with_it(model: Path) -> None:
    warm = paraphraser(model, temperature=2, maxTokens=12)
    asked = [(text, Chance(0, f"{text}{number}")) for text in TEXTS[:30] for number in range(3)]
    answers = warm.paraphrase(asked, told)
    assert len(set(answers)) > 40, "words are drawn"
    assert warm.paraphrase(asked[::-1], told)[::-1] == answers
    assert [warm.paraphrase([one], told)[0] for one in asked[:20]] == answers[:20]
    assert warm.paraphrase([(text, Chance(1, chance.content)) for text, chance in asked], told) != answers


def test_a_paraphrase_without_an_end_and_a_text_that_is_too_long_are_none(model: Path) -> None:
    words = len(said(TEXTS[0]).split())
    short, enough = (paraphraser(model, temperature=0, maxTokens=most) for most in (words, words + 1))
    asked = [(text, Chance(0, text)) for text in TEXTS[:5]]
    assert short.paraphrase(asked, told) == [None] * 5
    assert None not in enough.paraphrase(asked, told)
    longest = " ".join(["list"] * 62)  # with prompt and end as many tokens as the model reads
    answers = enough.paraphrase([(longest, Chance(0, "")), (f"{longest} list", Chance(0, "")), *asked], told)
    assert answers[1] is None
    assert None not in answers[2:]


def prepare(folder: Path, model: Path, order: int = 1, **words: Any) -> Prepared:
    folder.mkdir(exist_ok=True)
    (folder / model.name).symlink_to(model)
    write_jsonl(folder / "rows.jsonl", some_pairs()[::order])
    paraphrase = {"uri": model.name, "prompt": PROMPT, **words}
    world = World(folder)
    return world.prepare(world.request("rows.jsonl", augment={"methods": ["Paraphrase"], "paraphrase": paraphrase, "ratio": 2}))


def test_paraphrases_are_trained_on_and_told(tmp_path: Path, model: Path) -> None:
    prepared = prepare(tmp_path / "a", model)
    report = prepared.report.augment
    assert report
    made = [row for row in prepared.train if "original" in row]
    assert len(made) == report.rows == report.made["Paraphrase"] > 0
    assert report.rows + sum(report.dropped.values()) == 2 * (len(prepared.train) - len(made))
    assert report.dropped["known"] > 0, "of two paraphrases of a text most are the same"
    assert sum(row["anchor"] == said(row["original"]["anchor"]) for row in made) > 0.7 * len(made)
    assert report.paraphraser
    assert report.examples[0].before in TEXTS
    backwards = prepare(tmp_path / "b", model, order=-1)
    assert prepared.bytes_of(prepared.places.train_rows) == backwards.bytes_of(backwards.places.train_rows)


def test_unfinished_paraphrases_are_counted(tmp_path: Path, model: Path) -> None:
    report = prepare(tmp_path, model, maxTokens=4, temperature=0).report.augment
    assert report
    assert report.rows == 0
    assert set(report.dropped) == {"unfinished"}


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("gone", r"data\.augment\.paraphrase\.uri: there is no folder"),
        ("pickled", r"data\.augment\.paraphrase\.uri: t5 has no \*\.safetensors"),
        ("an encoder", r"data\.augment\.paraphrase\.uri: t5 cannot be loaded as a sequence-to-sequence model"),
        ("endless", r"data\.augment\.paraphrase\.uri: t5 does not say which token ends a text"),
    ],
)
def test_a_model_that_cannot_paraphrase_is_refused(tmp_path: Path, model: Path, fault: str, what: str) -> None:
    if fault != "gone":
        (tmp_path / "t5").mkdir()
        for file in model.iterdir():
            (tmp_path / "t5" / file.name).write_bytes(file.read_bytes())
    if fault == "pickled":
        (tmp_path / "t5" / "model.safetensors").rename(tmp_path / "t5" / "pytorch_model.bin")
    if fault == "an encoder":
        (tmp_path / "t5" / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    if fault == "endless":
        config = json.loads((tmp_path / "t5" / "generation_config.json").read_text(encoding="utf-8"))
        (tmp_path / "t5" / "generation_config.json").write_text(json.dumps({**config, "eos_token_id": None}), encoding="utf-8")
    with pytest.raises(InvalidInput, match=what):
        paraphraser(tmp_path / "t5")
