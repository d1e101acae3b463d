"""Files that are broken in every way we could think of, and in ways that hypothesis thinks of: each is refused in one paragraph
with file:row, or read with counted warnings; within ten seconds, and never with a traceback."""

import gzip
import io
import json
import random
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from embtune_api.checks import Checks
from embtune_api.errors import InvalidInput
from embtune_api.reports import Finding
from embtune_api.sources import Columns, DataSource
from embtune_api.split import Split
from embtune_store import open_store
from embtune_trainer.prepare.checks import check_rows
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.sources import read_sources
from embtune_trainer.prepare.split import Division
from unit.trainer.prepare_world import as_csv, some_pairs

LONGEST = 10
"""seconds a file"""
MIB = 2**20
ROWS = some_pairs(60)
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
CSV = as_csv(ROWS)
JUNK = random.Random(7).randbytes(200_000)
ROW = b'{"anchor": "list", "positive": "ls"}\n'


def as_parquet(**columns: pa.Array) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.table(columns), out)
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def repeated(row: bytes, size: int, compressor: Callable[[bytes], bytes]) -> bytes:
    """Compressed in pieces of a MiB, which are a file again when laid one behind the other."""
    return compressor(row * (MIB // len(row))) * (size // MIB)


PARQUET = as_parquet(**{name: pa.array([row[name] for row in ROWS]) for name in ROWS[0]})

# sentence: (file name, its bytes, what the paragraph says)
BROKEN: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "an empty jsonl": ("a.jsonl", lambda: b"", "a.jsonl: the file is empty"),
    "an empty csv": ("a.csv", lambda: b"", "a.csv: the file is empty"),
    "white space alone": ("a.csv", lambda: b" \r\n\t\r\n", "a.csv: the file is empty"),
    "a byte order mark alone": ("a.jsonl", lambda: b"\xef\xbb\xbf", "a.jsonl: the file is empty"),
    "a byte order mark of UTF-16 alone": ("a.csv", lambda: b"\xff\xfe", "a.csv: the file is empty"),
    "an empty parquet": ("a.parquet", lambda: b"", "a.parquet: not parquet"),
    "an empty gzip": ("a.jsonl.gz", lambda: gzip.compress(b""), "a.jsonl.gz: the file is empty"),
    "no gzip at all": ("a.jsonl.gz", lambda: b"", "a.jsonl.gz: the file is empty"),
    "bad UTF-8": ("a.jsonl", lambda: JSONL + b'{"anchor": "\xc3(", "positive": "p"}\n', "a.jsonl:61: .* character 13"),
    "UTF-8 that spells a slash with two bytes": ("a.csv", lambda: CSV + b"\xc0\xaf,p,g\n", "a.csv:62: .* character 1 "),
    "a surrogate in UTF-8": ("a.csv", lambda: CSV + b"\xed\xa0\x80,p,g\n", "a.csv:62: .* character 1 of the line"),
    "a NUL in jsonl": ("a.jsonl", lambda: JSONL + b'{"anchor": "\0"}\n', "a.jsonl:61: .* NUL"),
    "a NUL in csv": ("a.csv", lambda: CSV + b"a\0,p,g\n", "a.csv:62: .* NUL"),
    "UTF-16 without a mark": ("a.csv", lambda: CSV.decode().encode("utf-16-le"), "a.csv:1: .* UTF-16"),
    "UTF-16 that breaks off": ("a.jsonl", lambda: JSONL.decode().encode("utf-16")[:-3], "a.jsonl:60: .* not UTF-16"),
    "half a surrogate pair in UTF-16": (
        "a.csv",
        lambda: (CSV.decode() + "a\ud800,p,g\n").encode("utf-16", "surrogatepass"),
        "a.csv:62: .* character 2 of the line is not UTF-16",
    ),
    "UTF-32 beyond the last character": ("a.csv", lambda: b"\xff\xfe\0\0" + b"\xff" * 8, "a.csv:1: .* not UTF-32"),
    "a ragged csv": ("a.csv", lambda: CSV + b"a,b\n", "a.csv:62: .* 2 fields where the header has 3"),
    "a ragged csv, too long": ("a.csv", lambda: CSV + b"a,b,c,d\n", "a.csv:62: .* 4 fields where the header has 3"),
    "a quote that does not close": ("a.csv", lambda: CSV + b'"a,b,c\n' * 3, "a.csv:62: .* quotes do not close"),
    "text behind a quote": ("a.csv", lambda: CSV + b'"a"b,c,d\n', "a.csv:62: .* quotes do not close"),
    "a million columns": ("a.csv", lambda: b"a," * 10**6 + b"b\n1\n", "a.csv:1: the header names column 'a' 1000000 times"),
    "many columns, none of them the right one": (
        "a.csv",
        lambda: ",".join(map(str, range(10**5))).encode() + b"\n" + b"," * (10**5 - 1) + b"\n",
        "a.csv: no column 'anchor'",
    ),
    "a header alone": ("a.csv", lambda: b"anchor,positive\n", "0 rows can be used"),
    "JSON in JSON": ("a.jsonl", lambda: b'{"anchor": {"text": "a"}, "positive": "p"}\n' * 9, "a.jsonl:1: 'anchor' is not a text"),
    "lists in JSON": ("a.jsonl", lambda: b'{"anchor": ["a"], "positive": "p"}\n' * 9, "a.jsonl:1: 'anchor' is not a text"),
    "deep nesting": ("a.jsonl", lambda: JSONL + b'{"anchor": ' + b"[" * 10**6 + b"\n", "a.jsonl:61: .* that can be read"),
    "deep nesting of objects": ("a.jsonl", lambda: b'{"a":' * 10**6 + b"\n", "a.jsonl:1: .* that can be read"),
    "a number of many digits": ("a.jsonl", lambda: b'{"anchor": ' + b"9" * 10**6 + b"}", "a.jsonl:1: .* that can be read"),
    "a JSON array": ("a.jsonl", lambda: json.dumps(ROWS, indent=1).encode(), "a.jsonl:1: .* one JSON array"),
    "pretty JSON": ("a.jsonl", lambda: json.dumps(ROWS[0], indent=1).encode(), "a.jsonl:1: .* not JSON"),
    "JSON that breaks off": ("a.jsonl", lambda: JSONL[:-9], "a.jsonl:60: .* not JSON"),
    "columns that no terminal can print": ("a.jsonl", lambda: b'{"\\ud800\\n\\u001b": 1}\n', "a.jsonl: no column 'anchor'"),
    "a row for each column": (
        "a.jsonl",
        lambda: b"".join(b'{"column %d": "a"}\n' % n for n in range(100_000)),
        "a.jsonl: no column 'anchor'",
    ),
    "a line of 50 MB in jsonl": ("a.jsonl", lambda: JSONL + b"x" * 50 * MIB, "a.jsonl:61: .* no line break"),
    "a row of 50 MB in jsonl": (
        "a.jsonl",
        lambda: JSONL + b'{"anchor": "' + b"x" * 50 * MIB + b'", "positive": "p"}\n',
        "a.jsonl:61: .* no line break",
    ),
    "a line of 50 MB of spaces": ("a.jsonl", lambda: JSONL + b" " * 50 * MIB + b"{}", "a.jsonl:61: .* no line break"),
    "a line of 50 MB that is not UTF-8": ("a.csv", lambda: CSV + b"\xe9" * 50 * MIB, "a.csv:62: "),
    "a line of 50 MB in csv": ("a.csv", lambda: CSV + b"x" * 50 * MIB, "a.csv:62: .* no line break"),
    "a quote that does not close for 50 MB": ("a.csv", lambda: CSV + b'"' + b"x,y,z\n" * (9 * MIB), "a.csv:62: .* quotes"),
    "a text of 15 MB": (
        "a.jsonl",
        lambda: JSONL + b'{"anchor": "' + b"x " * 7 * MIB + b'", "positive": "p"}\n',
        "a.jsonl:61: 'anchor' has 14680064 characters",
    ),
    "a text of 50 MB in parquet": (
        "a.parquet",
        lambda: as_parquet(anchor=pa.array(["a", "x" * 50 * MIB]), positive=pa.array(["p", "q"])),
        "a.parquet:2: 'anchor' has 52428800 characters",
    ),
    "a gzip that breaks off": ("a.jsonl.gz", lambda: gzip.compress(JSONL)[:-20], "a.jsonl.gz: its gzip data is broken or cut"),
    "a gzip with a changed byte": (
        "a.csv.gz",
        lambda: (packed := gzip.compress(JUNK))[:900] + b"\xff\xff" + packed[902:],
        "a.csv.gz: its gzip data is broken or cut",
    ),
    "text under the name of gzip": ("a.csv.gz", lambda: CSV, "a.csv.gz: its gzip data is broken or cut"),
    "a gzip in a gzip": ("a.csv.gz", lambda: gzip.compress(gzip.compress(CSV)), "a.csv.gz:1: "),
    "a Zstandard that breaks off": ("a.jsonl.zst", lambda: zstd(JSONL)[:-9], "a.jsonl.zst: its zstd data is broken or cut"),
    "text under the name of Zstandard": ("a.csv.zst", lambda: CSV, "a.csv.zst: its zstd data is broken or cut"),
    "a bomb of NULs in gzip": ("a.csv.gz", lambda: repeated(b"\0", 4096 * MIB, gzip.compress), "a.csv.gz: .* bomb"),
    "a bomb of line breaks in gzip": ("a.csv.gz", lambda: repeated(b"\n", 4096 * MIB, gzip.compress), "a.csv.gz: .* bomb"),
    "a bomb of rows in gzip": ("a.jsonl.gz", lambda: repeated(ROW, 4096 * MIB, gzip.compress), "a.jsonl.gz: .* bomb"),
    "a bomb of NULs in Zstandard": ("a.csv.zst", lambda: repeated(b"\0", 16384 * MIB, zstd), "a.csv.zst: .* bomb"),
    "a bomb of rows in Zstandard": ("a.jsonl.zst", lambda: repeated(ROW, 16384 * MIB, zstd), "a.jsonl.zst: .* bomb"),
    "a bomb of rows in UTF-16": (
        "a.jsonl.gz",
        lambda: gzip.compress(b"\xff\xfe") + repeated(ROW.decode().encode("utf-16-le"), 4096 * MIB, gzip.compress),
        "a.jsonl.gz: .* bomb",
    ),
    "a bomb of short texts in parquet": (
        "a.parquet",
        lambda: as_parquet(anchor=pa.repeat("list files", 8_000_000), positive=pa.repeat("ls", 8_000_000)),
        "a.parquet: .* bomb",
    ),
    "a bomb of long texts in parquet": (
        "a.parquet",
        lambda: as_parquet(
            anchor=pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int8()), 1_000_000), ["x" * 500_000]),
            positive=pa.repeat("ls", 1_000_000),
        ),
        "a.parquet: .* bomb",
    ),
    "a parquet that breaks off": ("a.parquet", lambda: PARQUET[:-30], "a.parquet: not parquet"),
    "the end of a parquet": ("a.parquet", lambda: PARQUET[-200:], "a.parquet"),
    "a parquet without rows": ("a.parquet", lambda: as_parquet(anchor=pa.array([], pa.string())), "a.parquet: the file is empty"),
    "a parquet without columns": ("a.parquet", lambda: as_parquet(), "a.parquet: "),
    "a parquet with other columns": ("a.parquet", lambda: as_parquet(text=pa.array(["a"])), "a.parquet: no column 'anchor'"),
    "a parquet of numbers": (
        "a.parquet",
        lambda: as_parquet(anchor=pa.array([1, 2]), positive=pa.array([0.5, None])),
        "a.parquet:1: 'anchor' is not a text",
    ),
    "a parquet of bytes that are no text": (
        "a.parquet",
        lambda: as_parquet(
            anchor=pa.array([b"a", b"\xff"]).view(pa.string()), positive=pa.array(["p", "q"])
        ),
        "a.parquet:2: .* 'anchor' is not UTF-8",
    ),
    "a NUL in parquet": (
        "a.parquet",
        lambda: as_parquet(anchor=pa.array(["a", "b\0"]), positive=pa.array(["p", "q"])),
        "a.parquet:2: .* NUL",
    ),
    **{
        f"binary junk under the name of {suffix}": (f"a{suffix}", lambda: JUNK, rf"^a{re.escape(suffix)}")
        for suffix in (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".jsonl.gz", ".csv.zst", ".json", ".xlsx", ".txt", "")
    },
    **{
        f"binary junk without NULs under the name of {suffix}": (f"a{suffix}", lambda: JUNK.replace(b"\0", b""), f"{suffix}:1: ")
        for suffix in (".jsonl", ".csv", ".tsv")
    },
}  # fmt: skip


def read(folder: Path, name: str, data: bytes, checks: Checks) -> list[Finding]:
    """Findings of a file that can be read. Raises InvalidInput."""
    (folder / name).write_bytes(data)
    source = DataSource(uri=name, columns=Columns(anchor="anchor", positive="positive"))
    split = Split(method="Hash")
    found = read_sources([source], split, folder, Outside(open_store("memory://")))
    return check_rows(found, checks, Division(split).side, datetime.now(UTC)).findings


def is_a_paragraph(text: str, name: str) -> None:
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 3000
    assert text.encode()
    assert name in text or "data.train: " in text


@pytest.mark.parametrize(("name", "make", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_refused_in_one_paragraph(tmp_path: Path, name: str, make: Callable[[], bytes], says: str) -> None:
    data = make()
    started = time.monotonic()
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, name, data, Checks(min_rows=2))
    assert time.monotonic() - started < LONGEST
    is_a_paragraph(str(refused.value), name)
    assert re.search(says, str(refused.value))


# sentence: (file name, its bytes, rows that are counted)
WARNED: dict[str, tuple[str, bytes, int]] = {
    "JSON in JSON": ("a.jsonl", JSONL + b'{"anchor": {"text": "a"}, "positive": "p"}\n', 1),
    "objects that miss a column": ("a.jsonl", JSONL + b"{}\n" * 2, 2),
    "blank lines": ("a.jsonl", JSONL + b"\n \n\t\n" + JSONL, 3),
    "blank rows of a spreadsheet": ("a.csv", CSV + b",,\n", 1),
    "a text as long as a library": ("a.csv", CSV + b"x" * 2 * MIB + b",p,g\n", 1),
    "nulls in parquet": ("a.parquet", as_parquet(anchor=pa.array(["a", None, "b", "c"]), positive=pa.array(list("pqrs"))), 1),
}


@pytest.mark.parametrize(("name", "data", "rows"), WARNED.values(), ids=WARNED.keys())
def test_rows_that_hold_no_texts_are_counted(tmp_path: Path, name: str, data: bytes, rows: int) -> None:
    findings = {finding.check: finding for finding in read(tmp_path, name, data, Checks(min_rows=2, empty="Fix"))}
    assert (findings["empty"].rows, findings["empty"].action) == (rows, "removed")


GOOD = {
    "a.jsonl": JSONL,
    "a.csv": CSV,
    "b.csv": as_csv(ROWS, delimiter=";").replace(b"a", b"\xe4").replace(b"\xe4nchor", b"anchor"),
    "c.csv": CSV.decode().encode("utf-16"),
    "a.csv.gz": gzip.compress(CSV),
    "a.jsonl.zst": zstd(JSONL),
    "a.parquet": PARQUET,
}
BYTES = st.one_of(
    st.binary(min_size=1, max_size=9),
    st.sampled_from(
        [b'"', b"\n", b"\r", b"\0", b",", b";", b"\xff", b"\xc3", b"{", b"[" * 3000, b"}", b"\\ud800", b"\xef\xbb\xbf"]
    ),
)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["insert", "overwrite", "delete", "repeat", "cut"]), st.floats(0, 1), BYTES), min_size=1, max_size=4
)


def changed(data: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    for how, place, what in changes:
        at = int(place * len(data))
        end = at + len(what)
        data = {
            "insert": data[:at] + what + data[at:],
            "overwrite": data[:at] + what + data[end:],
            "delete": data[:at] + data[end:],
            "repeat": data[:at] + data[at:end] * 50 + data[end:],
            "cut": data[:at],
        }[how]
    return data


@pytest.mark.parametrize("name", GOOD)
@settings(max_examples=150, deadline=LONGEST * 1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_a_good_file_that_was_damaged_is_read_or_refused(
    tmp_path: Path, name: str, changes: list[tuple[str, float, bytes]]
) -> None:
    try:
        findings = read(tmp_path, name, changed(GOOD[name], changes), Checks(min_rows=2, empty="Fix"))
    except InvalidInput as refused:
        is_a_paragraph(str(refused), name)
    else:
        assert all(finding.rows for finding in findings)
