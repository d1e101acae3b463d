"""One set of rows in every spelling that teams have: all give the same rows, and the report says how a file had to be read."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from embtune_api.errors import InvalidInput
from embtune_api.reports import Finding
from embtune_trainer.prepare.records import read_records
from unit.trainer.prepare_world import Prepared, World, as_csv, some_pairs

HOW = ["Wie ändere ich", "Wo lösche ich", "Warum prüft niemand", "Darf ich", "Wann schließt", "Können Sie"]
WHAT = ["meine Adresse", "das Konto", "die Währung", "den Zähler", "das Gerät", "die Straße", "mein Gepäck", "die Gebühren"]
ROWS = [{"anchor": f"{how} {what}?", "positive": f"{what}, {how}; so: {n}", "g": f"Grüße {n // 2}"}
        for n, (how, what) in enumerate((how, what) for what in WHAT for how in HOW)]  # fmt: skip
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
CSV = as_csv(ROWS).decode()


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def as_parquet(table: pa.Table, **how: Any) -> bytes:
    out = io.BytesIO()
    parquet.write_table(table, out, **how)
    return out.getvalue()


def columns_of(rows: list[dict[str, str]], kind: pa.DataType | None = None) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], type=kind) for name in rows[0]})


def separated(delimiter: str) -> bytes:
    return as_csv(ROWS, delimiter=delimiter)


TABLE = columns_of(ROWS)
SPELLINGS = {
    "ndjson": ("a.ndjson", LINES.encode()),
    "lines that end in CRLF": ("a.jsonl", LINES.replace("\n", "\r\n").encode()),
    "lines that end in CR": ("a.jsonl", LINES.replace("\n", "\r").encode()),
    "no line break at the end, and a name in capitals": ("A.JSONL", LINES.encode().rstrip()),
    "blank lines at the end": ("a.jsonl", LINES.encode() + b"\n \n\n"),
    "a byte order mark": ("a.jsonl", LINES.encode("utf-8-sig")),
    "gzip": ("a.jsonl.gz", gzip.compress(LINES.encode())),
    "gzip in two members": ("a.jsonl.gz", gzip.compress(LINES.encode()[:999]) + gzip.compress(LINES.encode()[999:])),
    "Zstandard": ("a.ndjson.zst", zstd(LINES.encode())),
    "Zstandard in two frames": ("a.jsonl.zst", zstd(LINES.encode()[:999]) + zstd(LINES.encode()[999:])),
    "csv with CRLF": ("a.csv", CSV.encode()),
    "csv with LF": ("a.csv", CSV.replace("\r\n", "\n").encode()),
    "csv with CR": ("a.csv", CSV.replace("\r\n", "\r").encode()),
    "csv with a byte order mark": ("a.csv", CSV.encode("utf-8-sig")),
    "csv with every field in quotes": ("a.csv", as_csv(ROWS, quoting=csv.QUOTE_ALL)),
    "csv below blank lines": ("a.csv", b"\n\n" + CSV.encode()),
    "csv with columns that have no name": ("a.csv", CSV.replace("\r\n", ",,\r\n").encode()),
    "csv in gzip": ("a.csv.gz", gzip.compress(CSV.encode())),
    "tsv": ("a.tsv", separated("\t")),
    "tsv in Zstandard": ("a.tsv.zst", zstd(separated("\t"))),
    "parquet": ("a.parquet", as_parquet(TABLE)),
    "parquet in small row groups, uncompressed": ("a.parquet", as_parquet(TABLE, row_group_size=7, compression="none")),
    "parquet with dictionaries": (
        "a.parquet",
        as_parquet(pa.table({name: TABLE[name].dictionary_encode() for name in TABLE.column_names})),
    ),
    "parquet with large texts": ("a.parquet", as_parquet(columns_of(ROWS, pa.large_string()))),
    "parquet beside columns that nobody asked for": (
        "a.parquet",
        as_parquet(
            TABLE.append_column("vector", pa.array([[0.5]] * len(ROWS)))
            .append_column("blob", pa.array([b"\xff"] * len(ROWS)))
            .append_column("at", pa.array([2**62] * len(ROWS), pa.timestamp("ns")))
        ),
    ),
}
# sentence: (file name, its bytes, check, how the report says it was read)
ODD_SPELLINGS = {
    "UTF-16, little end first": ("a.jsonl", LINES.encode("utf-16"), "encoding", "UTF-16, as its byte order mark says"),
    "UTF-16, big end first": ("a.csv", b"\xfe\xff" + CSV.encode("utf-16-be"), "encoding", "UTF-16, as its byte order mark"),
    "UTF-16 with lines that end in CR": ("a.csv", CSV.replace("\r\n", "\r").encode("utf-16"), "encoding", "UTF-16"),
    "UTF-32": ("a.csv", CSV.encode("utf-32"), "encoding", "UTF-32, as its byte order mark says"),
    "UTF-16 in gzip": ("a.csv.gz", gzip.compress(CSV.encode("utf-16")), "encoding", "UTF-16"),
    "Windows-1252": ("a.csv", CSV.encode("cp1252"), "encoding", "cp1252, guessed from its letters"),
    "JSON in Windows-1252": ("a.jsonl", LINES.encode("cp1252"), "encoding", "cp1252, guessed from its letters"),
    "Windows-1252 in gzip": ("a.csv.gz", gzip.compress(CSV.encode("cp1252")), "encoding", "cp1252"),
    "semicolons": ("a.csv", separated(";"), "delimiter", "by semicolons, not by commas"),
    "tabs": ("a.csv", separated("\t"), "delimiter", "by tabs, not by commas"),
    "vertical bars": ("a.csv", separated("|"), "delimiter", "by vertical bars, not by commas"),
    "semicolons in gzip, with CR": ("a.csv.gz", gzip.compress(separated(";").replace(b"\r\n", b"\r")), "delimiter", "semicolons"),
}

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=30)


@given(
    rows=st.lists(st.fixed_dictionaries({"anchor": TEXTS, "positive": TEXTS}), min_size=1, max_size=8),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    line_break=st.sampled_from(["\n", "\r\n"]),
    delimiter=st.sampled_from(",;\t|"),
    packed=st.sampled_from([("", bytes), (".gz", gzip.compress), (".zst", zstd)]),
)
def test_whatever_was_written_is_read(
    rows: list[dict[str, str]],
    encoding: str,
    line_break: str,
    delimiter: str,
    packed: tuple[str, Callable[[bytes], bytes]],
) -> None:
    suffix, pack = packed
    separated_rows = as_csv(rows, delimiter=delimiter, lineterminator=line_break, quoting=csv.QUOTE_ALL).decode()
    json_lines = "".join(json.dumps(row, ensure_ascii=False) + line_break for row in rows)
    for name, text in ((f"a.csv{suffix}", separated_rows), (f"a.jsonl{suffix}", json_lines)):
        found = read_records(name, pack(text.encode(encoding)), ("anchor", "positive"))
        assert [record.values for record in found.records] == rows
        assert found.columns == {"anchor", "positive"}
    found = read_records("a.parquet", as_parquet(columns_of(rows)), ("positive",))
    assert [record.values for record in found.records] == [{"positive": row["positive"]} for row in rows]


@pytest.mark.parametrize(
    ("name", "data", "remarks"),
    [
        pytest.param("a.csv", b"Who flies?,Who flies?,5\nBirds, they fly,5.0\n", [], id="equal texts in the first line"),
        pytest.param(
            "a.csv",
            b"One, two, three, or four?;Who flies?;5\nBirds;they fly;5\n",
            ["delimiter"],
            id="more commas than semicolons",
        ),
        pytest.param("a.tsv.gz", gzip.compress(b"Who flies?\tBirds\t5\r\nWho?\tBirds\t5\r\n"), [], id="packed tabs"),
    ],
)
def test_a_first_line_of_data_is_a_row_where_the_columns_have_been_named(name: str, data: bytes, remarks: list[str]) -> None:
    found = read_records(name, data, ("q", "a"), ["q", "a", "score"])
    records = list(found.records)
    assert [record.line for record in records] == [1, 2]
    assert [record.values["score"].strip()[0] for record in records] == ["5", "5"]
    assert found.columns == {"q", "a", "score"}
    assert [remark.check for remark in found.remarks] == remarks


def test_a_row_must_have_as_many_fields_as_there_are_names() -> None:
    with pytest.raises(InvalidInput, match=r"a\.csv:1: broken row: 2 fields where the header has 3"):
        list(read_records("a.csv", b"one,two\n", (), ["a", "b", "c"]).records)
    with pytest.raises(InvalidInput, match="the job's header names column 'a' 2 times"):
        read_records("a.csv", b"one,two\n", (), ["a", "a"])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared_from(tmp_path_factory.mktemp("plain"), "a.jsonl", LINES.encode())


def prepared_from(folder: Path, name: str, data: bytes) -> Prepared:
    world = World(folder)
    (folder / name).write_bytes(data)
    return world.prepare(world.request(name, split={"groupBy": "g", "test": 0.3}))


def how_read(prepared: Prepared) -> list[Finding]:
    return [finding for finding in prepared.report.findings if finding.check in ("encoding", "delimiter")]


def is_the_same(prepared: Prepared, plain: Prepared) -> None:
    assert len(prepared.train) > 10
    assert prepared.train == plain.train
    assert prepared.validation == plain.validation
    assert prepared.facts.exam == plain.facts.exam


@pytest.mark.parametrize(("name", "data"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_the_spelling_leaves_no_trace(tmp_path: Path, plain: Prepared, name: str, data: bytes) -> None:
    prepared = prepared_from(tmp_path, name, data)
    is_the_same(prepared, plain)
    assert not how_read(prepared)


@pytest.mark.parametrize(("name", "data", "check", "says"), ODD_SPELLINGS.values(), ids=ODD_SPELLINGS.keys())
def test_what_the_name_does_not_say_is_reported(
    tmp_path: Path, plain: Prepared, name: str, data: bytes, check: str, says: str
) -> None:
    prepared = prepared_from(tmp_path, name, data)
    is_the_same(prepared, plain)
    (finding,) = how_read(prepared)
    assert (finding.check, finding.rows, finding.action) == (check, len(ROWS), "kept")
    assert f"of {name} " in finding.message
    assert says in finding.message
    letters = [f"{name}:{n + (2 if 'csv' in name else 1)}: {ROWS[n]['anchor']}" for n in (0, 1)]
    assert check == "delimiter" or set(letters) < set(finding.examples)


def test_semicolons_of_a_german_excel_are_reported_beside_its_encoding(tmp_path: Path, plain: Prepared) -> None:
    prepared = prepared_from(tmp_path, "a.csv", separated(";").decode().encode("cp1252"))
    is_the_same(prepared, plain)
    assert [finding.check for finding in how_read(prepared)] == ["encoding", "delimiter"]


def test_quoted_line_breaks_are_alike_whatever_the_line_breaks_of_the_file(tmp_path: Path) -> None:
    rows = [row | {"positive": f"1. öffnen\n\n2. {row['positive']}"} for row in ROWS]
    (tmp_path / "lf").mkdir()
    (tmp_path / "crlf").mkdir()
    unix = prepared_from(tmp_path / "lf", "a.csv", as_csv(rows, lineterminator="\n"))
    windows = prepared_from(tmp_path / "crlf", "a.csv", as_csv(rows).replace(b"\n", b"\r\n").replace(b"\r\r", b"\r"))
    is_the_same(windows, unix)
    assert all(row["positive"].startswith("1. öffnen\n\n2. ") for row in windows.train)


def test_the_header_decides_on_the_delimiter_and_no_row_does(tmp_path: Path) -> None:
    """As many commas as semicolons in the header: the columns that the job names tell which of them separates."""
    rows = "".join(f"how, when, where {row['anchor']};then, {row['positive']};x\n" for row in some_pairs())
    world = World(tmp_path)
    (tmp_path / "a.csv").write_text("question;answer, long, or short;n\n" + rows)
    columns = {"anchor": "question", "positive": "answer, long, or short"}
    prepared = world.prepare(world.request("a.csv", columns=columns))
    assert all(row["positive"].startswith("then, ") for row in prepared.train)


def test_labels_and_groups_of_parquet_may_be_numbers_and_truth_values(tmp_path: Path) -> None:
    world = World(tmp_path)
    numbers = TABLE.append_column("n", pa.array([n // 2 for n in range(len(ROWS))], pa.int16()))
    (tmp_path / "a.parquet").write_bytes(
        as_parquet(numbers.append_column("yes", pa.array([n % 4 < 2 for n in range(len(ROWS))])))
    )
    columns = {"text": "anchor", "label": "yes"}
    prepared = world.prepare(world.request("a.parquet", columns=columns, split={"groupBy": "n"}))
    assert {row["label"] for row in prepared.train} == {"true", "false"}
    assert {row["group"] for row in prepared.train} <= {str(n) for n in range(len(ROWS))}


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        pytest.param(pa.int64(), [1, 2], "'anchor' is not a text", id="numbers"),
        pytest.param(pa.binary(), [b"a", b"b"], "'anchor' is not a text", id="bytes"),
        pytest.param(pa.list_(pa.string()), [["a"], ["b"]], "'anchor' is not a text", id="lists"),
        pytest.param(pa.timestamp("ns"), [1, 2], "'anchor' is not a text", id="times"),
        pytest.param(pa.float64(), [float("nan"), None], "'anchor' is missing", id="NaN, which is how pandas spells nothing"),
        pytest.param(pa.string(), [None, None], "'anchor' is missing", id="nulls"),
        pytest.param(pa.null(), [None, None], "'anchor' is missing", id="nothing but nulls"),
        pytest.param(pa.string(), [" ", ""], "'anchor' is blank", id="blank texts"),
    ],
)
def test_rows_of_parquet_that_are_no_texts_are_told_as_those_of_jsonl(
    tmp_path: Path, kind: pa.DataType, values: list[Any], says: str
) -> None:
    world = World(tmp_path)
    (tmp_path / "a.parquet").write_bytes(as_parquet(pa.table({"anchor": pa.array(values, kind), "positive": ["p", "q"]})))
    with pytest.raises(InvalidInput) as refused:
        world.prepare(world.request("a.parquet"))
    assert f"a.parquet:1: {says}; a.parquet:2: {says}" in str(refused.value)
