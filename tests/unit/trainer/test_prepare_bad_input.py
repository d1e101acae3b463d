"""Every bad input is one paragraph that says what, where and what to do, and freezes nothing."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from embtune_api.documents.publish import Owner
from embtune_api.errors import InvalidInput
from unit.trainer.prepare_world import World, some_pairs, write_base_model, write_jsonl

GOOD = "".join(json.dumps(row) + "\n" for row in some_pairs()).encode()
CSV = b"anchor,positive\n" + b"".join(b"question %d,answer %d\n" % (n, n) for n in range(40))
BY_TIME = {"split": {"method": "Time", "timeColumn": "sent", "testFrom": "2026-03-01"}}
GIVEN = {"split": {"method": "Given", "splitColumn": "side"}}
DATED = "".join(
    json.dumps({**row, "sent": f"2026-0{1 + number // 40}-03", "side": ("train", "dev", "Test")[number // 40]}) + "\n"
    for number, row in enumerate(some_pairs())
).encode()
LABELLED = {"anchor": "anchor", "positive": "positive", "label": "label"}

# sentence: (file name, its bytes, how the request differs, what the paragraph must say)
BAD_DATA: dict[str, tuple[str, bytes | None, dict[str, Any], list[str]]] = {
    "a file that is not there": ("a.jsonl", None, {}, ["data.train[0].uri", "a.jsonl", "there is no file"]),
    "an empty file": ("a.jsonl", b" \n", {}, ["a.jsonl", "empty"]),
    "a file type nobody knows": ("a.avro", b"Obj\1", {}, ["a.avro", ".jsonl, .csv or .tsv"]),
    "a JSON array": ("a.json", b"[]", {}, ["a.json", "jq -c '.[]'"]),
    "a JSON array under the name of JSON lines": ("a.jsonl", b"[\n{}\n]\n", {}, ["a.jsonl:1", "one JSON array", "jq -c '.[]'"]),
    "an Excel workbook": ("a.xlsx", b"PK\3\4", {}, ["a.xlsx", "CSV UTF-8"]),
    "an Excel workbook under the name of a csv": ("a.csv", b"PK\3\4", {}, ["a.csv", "Excel workbook", "CSV UTF-8"]),
    "compressed data whose name does not say so": ("a.csv", gzip.compress(CSV), {}, ["a.csv", "gzip", "add .gz"]),
    "compressed parquet": ("a.parquet.gz", b"", {}, ["compressed inside", "Unpack"]),
    "a column that no row has": (
        "a.jsonl",
        GOOD,
        {"columns": {"anchor": "question", "positive": "positive"}},
        ["'question' (columns.anchor)", "anchor, g, positive"],
    ),
    "a group column that no row has": ("a.jsonl", GOOD, {"split": {"groupBy": "family"}}, ["'family' (split.groupBy)"]),
    "a csv without the column": (
        "a.csv",
        CSV,
        {"columns": {"anchor": "anchor", "positive": "answer"}},
        ["'answer' (columns.positive)", "anchor, positive"],
    ),
    "a csv header with one name twice": ("a.csv", b"anchor,anchor\na,b\n", {}, ["a.csv:1", "'anchor' 2 times"]),
    "broken JSON": ("a.jsonl", GOOD + b'{"anchor": "x", \n', {}, ["a.jsonl:121", "not JSON"]),
    "JSON that is no object": ("a.jsonl", GOOD + b"[1, 2]\n", {}, ["a.jsonl:121", "a JSON array"]),
    "a csv row with a field too many": ("a.csv", CSV + b"a,b,c\n", {}, ["a.csv:42", "3 fields where the header has 2"]),
    "a csv row with a field too few": ("a.csv", CSV + b'"lines\nof text",b\na\n', {}, ["a.csv:44", "1 fields"]),
    "a quote that never closes": ("a.csv", CSV + b'"a,b\nc,d\n', {}, ["a.csv:42", "quotes do not close"]),
    "bytes that are not UTF-8": (
        "a.jsonl",
        GOOD + b'{"anchor": "\xff"}\n',
        {},
        ["a.jsonl:121", "character 13", "save the file as UTF-8"],
    ),
    "a NUL byte": ("a.csv", CSV + b"a\0,b\n", {}, ["a.csv:42", "NUL byte"]),
    "UTF-16": ("a.jsonl", GOOD.decode().encode("utf-16-le"), {}, ["a.jsonl:1", "UTF-16"]),
    "a NUL character in JSON": ("a.jsonl", GOOD + b'{"anchor": "\\u0000", "positive": "p"}\n', {}, ["a.jsonl:121", "NUL"]),
    "half a surrogate pair": ("a.jsonl", GOOD + b'{"anchor": "\\ud83d", "positive": "p"}\n', {}, ["a.jsonl:121", "surrogate"]),
    "empty rows": (
        "a.jsonl",
        GOOD + b'{"anchor": " ", "positive": "p"}\n{"anchor": "a"}\n{"anchor": 5, "positive": "p"}\n' + b"\n" * 3 + GOOD,
        {},
        ["6 rows", "a.jsonl:121: 'anchor' is blank", "a.jsonl:122: 'positive' is missing", "a.jsonl:123: 'anchor' is not a text"],
    ),
    "duplicates that are to fail": ("a.jsonl", GOOD + GOOD, {"checks": {"duplicates": "Fail"}}, ["120 rows", "duplicates: Fix"]),
    "conflicts that are to fail": (
        "a.jsonl",
        b"".join(b'{"anchor": "a%d", "positive": "p", "label": "%d"}\n' % (n % 50, n) for n in range(51)),
        {"checks": {"conflicts": "Fail"}, "columns": LABELLED},
        ["2 rows", "a.jsonl:1: a0", "a.jsonl:51", "data.checks.conflicts"],
    ),
    "fewer rows than minRows": ("a.jsonl", GOOD, {"checks": {"minRows": 121}}, ["120 rows", "minRows 121"]),
    "rows that are too few once repeated ones are gone": (
        "a.jsonl",
        GOOD + GOOD,
        {"checks": {"minRows": 121}},
        ["120 rows can be used (240 read, 120 removed"],
    ),
    "two rows only": ("a.jsonl", GOOD[: GOOD.index(b"\n", 100) + 1], {}, ["data.split", "Add rows"]),
    "one group for all": (
        "a.jsonl",
        GOOD.replace(b'"g": "group ', b'"h": "x", "g": "same", "i": "'),
        {"split": {"groupBy": "g"}},
        ["data.split", "group by a column with more values"],
    ),
    "a time column that no row has": ("a.jsonl", GOOD, BY_TIME, ["'sent' (split.timeColumn)", "anchor, g, positive"]),
    "rows whose time cannot be read, or is missing": (
        "a.jsonl",
        DATED + b'{"anchor": "a", "positive": "p", "sent": "soon"}\n{"anchor": "b", "positive": "p"}\n',
        BY_TIME,
        [
            "2 rows",
            "a.jsonl:121: 'sent' is no time such as 2026-01-31 or 2026-01-31T08:00:00Z: 'soon'",
            "a.jsonl:122: 'sent' is missing",
        ],
    ),
    "a row on a side that nobody knows": (
        "a.jsonl",
        DATED + b'{"anchor": "a", "positive": "p", "side": "tset"}\n',
        GIVEN,
        ["a.jsonl:121: broken row: 'side' says 'tset'", "train, validation (dev, val, valid) and test are understood"],
    ),
    "a whole document where a side is expected": (
        "a.jsonl",
        DATED + b'{"anchor": "a", "positive": "p", "side": "' + b"long " * 9999 + b'"}\n',
        GIVEN,
        ["a.jsonl:121: broken row: 'side' says 'long long", "…', which is no side of a split"],
    ),
    "a row on a side that nobody knows, where empty rows are removed": (
        "a.jsonl",
        DATED + b'{"anchor": "a", "positive": "p", "side": "tset"}\n',
        {**GIVEN, "checks": {"empty": "Fix"}},
        ["a.jsonl:121: broken row: 'side' says 'tset'"],
    ),
    "no row that is late enough for the test": (
        "a.jsonl",
        DATED,
        {"split": {**BY_TIME["split"], "testFrom": "2026-04-01"}},
        ["no row is held out for the exam", "Add rows, or set data.split.testFrom to an earlier time."],
    ),
    "no row that is early enough for training": (
        "a.jsonl",
        DATED,
        {"split": {**BY_TIME["split"], "testFrom": "2026-01-01"}},
        ["0 rows would be left to train on", "or set data.split.testFrom and validationFrom to later times."],
    ),
    "data that gives no test": (
        "a.jsonl",
        DATED.replace(b"Test", b"dev"),
        GIVEN,
        ["no row is held out for the exam", "say test in more rows of the column 'side'"],
    ),
    "data that gives no rows to train on": (
        "a.jsonl",
        DATED.replace(b"train", b"TEST"),
        GIVEN,
        ["0 rows would be left to train on", "say train in more rows of the column 'side'"],
    ),
    "a column of strata that no row has": (
        "a.jsonl",
        GOOD,
        {"split": {"method": "Stratified", "stratifyBy": "topic"}},
        ["'topic' (split.stratifyBy)"],
    ),
    "a split that leaves nothing to train on": (
        "a.jsonl",
        GOOD,
        {"split": {"test": 0.5, "validation": 0.5}},
        ["0 rows would be left to train on", "120 usable rows"],
    ),
}


@pytest.mark.parametrize(("name", "data", "how", "says"), BAD_DATA.values(), ids=BAD_DATA.keys())
def test_bad_data_is_refused(tmp_path: Path, name: str, data: bytes | None, how: dict[str, Any], says: list[str]) -> None:
    world = World(tmp_path)
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidInput) as refused:
        world.prepare(world.request(name, **how))
    _is_a_paragraph(str(refused.value), says)
    assert not list(world.store.list("team/search/exams")), "no exam may be frozen by a job that is refused"


def test_a_folder_or_an_unreadable_file_in_the_place_of_data_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "loop.jsonl").symlink_to(tmp_path / "loop.jsonl")
    for name, says in (("folder.jsonl", "is a folder. Name the files"), ("loop.jsonl", "cannot be read: Too many levels")):
        with pytest.raises(InvalidInput, match=r"data\.train\[0\]\.uri: ") as refused:
            world.prepare(world.request(name))
        _is_a_paragraph(str(refused.value), [name, says])


BAD_BASES: dict[str, tuple[dict[str, bytes | None], list[str]]] = {
    "no modules.json": ({"modules.json": None}, ["modules.json is missing"]),
    "modules.json that is not JSON": ({"modules.json": b"{"}, ["modules.json is not JSON"]),
    "modules.json that lists nothing": ({"modules.json": b"[]"}, ["does not list modules"]),
    "a first module that is no transformer": (
        {"modules.json": b'[{"path": "", "type": "sentence_transformers.models.WordEmbeddings"}]'},
        ["WordEmbeddings"],
    ),
    "code of its own": ({"modules.json": b'[{"path": "", "type": "mine.Transformer"}]'}, ["code of its own"]),
    "a module outside the folder": (
        {"modules.json": b'[{"path": "../x", "type": "sentence_transformers.models.Transformer"}]'},
        ["outside the folder"],
    ),
    "no config.json": ({"config.json": None}, ["config.json is missing"]),
    "no weights": ({"model.safetensors": None, "pytorch_model.bin": None}, ["no weights model.safetensors"]),
    "pickled weights alone": ({"model.safetensors": None}, ["pickled", "only safetensors"]),
    "a Git LFS pointer": ({"model.safetensors": b"version https://git-lfs.github.com/spec/v1\n"}, ["git lfs pull"]),
    "no tokenizer": ({"tokenizer.json": None}, ["no tokenizer"]),
    "prompts that the pooling leaves out": (
        {
            "config_sentence_transformers.json": b'{"prompts": {"query": "ask: "}}',
            "1_Pooling/config.json": b'{"include_prompt": false}',
        },
        ["include_prompt: false"],
    ),
    "a pooling configuration that is not JSON": (
        {"config_sentence_transformers.json": b'{"prompts": {"query": "ask: "}}', "1_Pooling/config.json": b"{"},
        ["config.json is not JSON"],
    ),
    "no pooling configuration": ({"1_Pooling/config.json": None}, ["1_Pooling/config.json is missing"]),
}


@pytest.mark.parametrize(("changes", "says"), BAD_BASES.values(), ids=BAD_BASES.keys())
def test_a_folder_that_is_no_model_is_refused(tmp_path: Path, changes: dict[str, bytes | None], says: list[str]) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    write_base_model(tmp_path / "bad", **changes)
    with pytest.raises(InvalidInput) as refused:
        world.prepare(world.request("a.jsonl", base={"uri": "bad"}))
    _is_a_paragraph(str(refused.value), ["baseModel.uri: bad", "save_pretrained", *says])
    assert not list(world.store.list("team/search/exams"))


BAD_ADDRESSES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a folder that is not there": ({"uri": "nowhere"}, ["there is no folder", "hf://org/name"]),
    "an address of an unknown kind": ({"uri": "ftp://host/model"}, ["ftp://host/model", "hf://org/name"]),
    "a hub name without an organisation": ({"uri": "hf://model"}, ["hf://org/name"]),
    "a hub name that climbs out of the mirror": ({"uri": "hf://../secrets"}, ["hf://org/name"]),
    "an s3 bucket without a prefix": ({"uri": "s3://bucket"}, ["s3://bucket/key"]),
    "a line with nothing in production": ({"version": {"model": "search"}}, ["nothing of search is in production"]),
    "a version that is not there": ({"version": {"model": "search", "ref": "7"}}, ["search has no version 7"]),
}


@pytest.mark.parametrize(("base", "says"), BAD_ADDRESSES.values(), ids=BAD_ADDRESSES.keys())
def test_a_base_model_that_cannot_be_had_is_refused(tmp_path: Path, base: dict[str, Any], says: list[str]) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    with pytest.raises(InvalidInput) as refused:
        world.prepare(world.request("a.jsonl", base=base))
    _is_a_paragraph(str(refused.value), says)


def test_paths_are_refused_in_a_cluster(tmp_path: Path) -> None:
    world = World(tmp_path)
    request = world.request("file:///etc/rows.jsonl").model_copy(update={"folder": None})
    with pytest.raises(InvalidInput, match=r"data.train\[0\].uri: file:///etc/rows.jsonl .* s3://bucket/key"):
        world.prepare(request)


def test_labels_for_some_sources_only_are_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    request = world.request("a.jsonl", "a.jsonl")
    assert request.data
    first = request.data.train[0].model_copy(update={"columns": request.data.train[0].columns.model_copy(update={"label": "g"})})
    mixed = request.data.model_copy(update={"train": [first, request.data.train[1]]})
    with pytest.raises(InvalidInput, match=r"data.train\[1\].columns: no label"):
        world.prepare(request.model_copy(update={"data": mixed}))


def test_somebody_elses_line_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    world.prepare(world.request("a.jsonl"))
    with pytest.raises(InvalidInput, match=r"team/search .* belongs to cluster here"):
        world.prepare(world.request("a.jsonl", job="two", owner=Owner(cluster="there", namespace_uid="n-1")))


def _is_a_paragraph(message: str, says: list[str]) -> None:
    assert "\n" not in message
    for words in says:
        assert words in message
