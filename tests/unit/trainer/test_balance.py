"""Weights of sources and balance of classes: exact numbers, the same rows in any order of the source, on real tickets."""

import csv
import json
from collections import Counter
from itertools import combinations
from math import ceil, floor, fsum
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from embtune_api.data import Data
from embtune_api.errors import InvalidInput
from embtune_trainer.prepare.copies import copied
from embtune_trainer.prepare.rows import Row, make_row
from unit.trainer.prepare_world import Prepared, World

DATA = Path(__file__).parents[2] / "data"
QUERIES = {"text": "sentence", "label": "label_v2"}
TICKETS = {"text": "text", "label": "category"}
BATCHES = {"labelledTexts": "Batches"}
TIMES = st.lists(st.sampled_from([0.1, 0.25, 1 / 3, 1.0, 1.5, 2.3, 7.0]), min_size=1, max_size=30)


def row(number: int) -> Row:
    return make_row(f"text {number}", "", "a", None, "s", number, shape="labelled texts")


@settings(deadline=None)  # the machine may have other things to do
@given(TIMES, st.randoms(use_true_random=False))
def test_rows_are_there_as_often_as_asked_in_whatever_order_they_come(times: list[float], random: Random) -> None:
    rows = [row(number) for number in range(len(times))]
    counts = Counter(one.anchor for one in copied(rows, times, 3))
    assert counts.total() == floor(fsum(times) + 0.5)
    assert all(floor(wanted) <= counts[one.anchor] <= ceil(wanted) for one, wanted in zip(rows, times, strict=True))
    shuffled = list(zip(rows, times, strict=True))
    random.shuffle(shuffled)
    in_another_order = copied([one for one, _ in shuffled], [wanted for _, wanted in shuffled], 3)
    assert Counter(one.anchor for one in in_another_order) == counts


def test_another_seed_takes_other_rows_and_more_rows_turn_few_choices() -> None:
    rows = [row(number) for number in range(400)]
    first, other = ({one.anchor for one in copied(rows, [0.25] * 400, seed)} for seed in (1, 2))
    assert len(first) == len(other) == 100
    assert len(first & other) < 50
    fewer = {one.anchor for one in copied(rows[:360], [0.25] * 360, 1)}
    assert len(fewer - first) <= 5, "a tenth more rows: hardly one that was taken is taken no more"


def tickets(folder: Path, name: str, rows: list[dict[str, str]]) -> str:
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return name


def read(*path: str) -> list[dict[str, str]]:
    with DATA.joinpath(*path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def prepared(folder: Path, sources: list[dict[str, Any]], **data: Any) -> Prepared:
    world = World(folder)
    wanted = Data.model_validate({"train": sources, "checks": {"minRows": 2}, **data})
    return world.prepare(world.request("named below").model_copy(update={"data": wanted}))


def test_sources_count_as_often_as_their_weights_say(tmp_path: Path) -> None:
    rows = read("banking77", "sample.csv")[:1500]
    names = [tickets(tmp_path, f"{part}.csv", rows[part::3]) for part in range(3)]
    weights = (2.5, 0.2, 1)
    sources = [{"uri": name, "columns": TICKETS, "weight": weight} for name, weight in zip(names, weights, strict=True)]
    plain = prepared(tmp_path, [{**source, "weight": 1} for source in sources], build=BATCHES)
    done = prepared(tmp_path, sources, build=BATCHES)
    before = {source.uri: source.train for source in plain.report.sources}
    after = {source.uri: source.train for source in done.report.sources}
    assert after == {name: floor(before[name] * weight + 0.5) for name, weight in zip(names, weights, strict=True)}
    assert len(done.train) == sum(after.values()) == done.facts.train_rows
    assert sum(source.read for source in done.report.sources) == len(rows)
    assert done.validation == plain.validation
    copies = Counter(record["text"] for record in done.train)
    heavy = {one["text"] for one in rows[0::3]}
    assert {count for text, count in copies.items() if text in heavy} == {2, 3}


def test_the_order_of_sources_and_rows_leaves_no_trace(tmp_path: Path) -> None:
    rows = read("banking77", "sample.csv")[:900]
    first, second = rows[:500], rows[400:]  # a hundred rows are in both: the weightier source has them
    balance = {"method": "WeightedSampling", "alpha": 0.3}
    ends = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        random = Random(number)
        sources = [
            {"uri": tickets(folder, name, random.sample(part, len(part))), "columns": TICKETS, "weight": weight}
            for name, part, weight in (("a.csv", first, 1.7), ("b.csv", second, 0.4))
        ]
        done = prepared(folder, sources[:: 1 - 2 * number], balance=balance)
        ends.append(done.bytes_of(done.places.train_rows, done.places.validation_rows))
    assert ends[0] == ends[1]


def counts(done: Prepared) -> Counter[str]:
    return Counter(record["label"] for record in done.train)


def queries(folder: Path, **balance: Any) -> Prepared:
    (folder / "q.csv").write_bytes((DATA / "hint3" / "curekart_v1_v2.csv").read_bytes())
    return prepared(folder, [{"uri": "q.csv", "columns": QUERIES}], build=BATCHES, **({"balance": balance} if balance else {}))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    found = counts(queries(tmp_path_factory.mktemp("plain")))
    assert max(found.values()) > 100 * min(found.values()), "these labels are far from balanced"
    return found


def test_undersampling_takes_the_same_rows_of_every_label_that_has_them(tmp_path: Path, plain: Counter[str]) -> None:
    done = queries(tmp_path, method="Undersample", rowsPerClass=12)
    assert counts(done) == {label: min(12, rows) for label, rows in plain.items()}
    assert max(Counter(record["text"] for record in done.train).values()) == 1


def test_undersampling_goes_down_to_the_smallest_label(tmp_path: Path, plain: Counter[str]) -> None:
    assert set(counts(queries(tmp_path, method="Undersample")).values()) == {min(plain.values())}


def test_oversampling_copies_up_to_a_number_but_no_row_too_often(tmp_path: Path, plain: Counter[str]) -> None:
    done = queries(tmp_path, method="Oversample", rowsPerClass=30, maxCopies=4)
    assert counts(done) == {label: max(rows, min(30, 4 * rows)) for label, rows in plain.items()}
    assert max(Counter(record["text"] for record in done.train).values()) == 4


@pytest.mark.parametrize("alpha", [1.0, 0.5, 0.0])
def test_weighted_sampling_keeps_the_rows_and_bends_the_shares(tmp_path: Path, plain: Counter[str], alpha: float) -> None:
    done = queries(tmp_path, method="WeightedSampling", alpha=alpha, maxCopies=1000)
    found = counts(done)
    assert abs(found.total() - plain.total()) <= len(plain) / 2, "rounding apart"
    whole = sum(rows**alpha for rows in plain.values())
    for label, rows in plain.items():
        assert found[label] == pytest.approx(max(1, plain.total() * rows**alpha / whole), abs=0.51)
    report = done.report.balance
    assert report is not None
    assert {one.value: (one.before, one.after) for one in report.classes} == {
        label: (rows, found[label]) for label, rows in plain.items()
    }
    assert (report.before, report.after, report.classes_in_all) == (plain.total(), found.total(), len(plain))


def test_what_a_label_may_not_have_goes_to_the_others(tmp_path: Path, plain: Counter[str]) -> None:
    found = counts(queries(tmp_path, method="WeightedSampling", alpha=0, maxCopies=3))
    assert abs(found.total() - plain.total()) <= len(plain) / 2
    full = {label for label, rows in plain.items() if found[label] == 3 * rows}
    assert 0 < len(full) < len(plain)
    rest = [found[label] for label in plain if label not in full]
    assert max(rest) - min(rest) <= 1
    assert all(plain[label] * 3 <= max(rest) for label in full)


def test_languages_are_balanced_and_rows_tell_theirs(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (DATA / "tldr-de" / "sample.jsonl").read_text(encoding="utf-8").splitlines()]
    for language, part in (("en", rows[:400]), ("de", rows[400:])):
        written = [{"anchor": one[language], "positive": one["id"]} for one in part]
        (tmp_path / f"{language}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in written), encoding="utf-8")
    sources = [{"uri": f"{language}.jsonl", "language": language} for language in ("en", "de")]
    balance = {"by": "Language", "method": "Oversample"}
    done = prepared(tmp_path, sources, balance=balance)
    languages = Counter(record["language"] for record in done.train)
    assert languages["en"] == languages["de"]
    report = done.report.balance
    assert report is not None
    english, german = report.classes
    assert (english.value, english.before, german.value) == ("en", english.after, "de")
    assert german.before < german.after == english.after
    assert {record["language"] for record in done.validation} == {"en", "de"}
    assert done.report.sources[1].train == german.after


def test_rows_of_a_source_without_a_language_tell_none(tmp_path: Path) -> None:
    assert all("language" not in record for record in queries(tmp_path).train)


def test_weights_that_leave_nothing_are_refused(tmp_path: Path) -> None:
    name = tickets(tmp_path, "a.csv", read("banking77", "sample.csv")[:200])
    with pytest.raises(InvalidInput, match=r"data.train: 0 rows would be left to train on, of 1\d\d, by the sources' weights"):
        prepared(tmp_path, [{"uri": name, "columns": TICKETS, "weight": 0.001}], build=BATCHES)


LABELLED = {"uri": "s3://b/a.csv", "columns": TICKETS}
PAIRS = {"uri": "s3://b/p.csv"}
SPECS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str | None]] = {
    "labels": ([LABELLED], {}, None),
    "languages": ([{**PAIRS, "language": "pt-BR"}], {"by": "Language"}, None),
    "labels that nobody maps": ([PAIRS], {}, "needs a label or a category column in every source"),
    "a language that one source leaves out": ([{**PAIRS, "language": "en"}, PAIRS], {"by": "Language"}, "a language of every"),
    "an exponent of what is copied": ([LABELLED], {"method": "Oversample", "alpha": 0.5}, "alpha goes with method Weighted"),
    "rows of what is drawn": ([LABELLED], {"rowsPerClass": 5}, "rowsPerClass goes with method Undersample or Oversample"),
    "copies of what is left out": (
        [LABELLED],
        {"method": "Undersample", "maxCopies": 5},
        "maxCopies goes with method Oversample",
    ),
    "no language": ([{**PAIRS, "language": "English"}], {"by": "Language"}, "should match pattern"),
}


@pytest.mark.parametrize("sentence", SPECS)
def test_what_can_be_balanced(sentence: str) -> None:
    train, balance, refusal = SPECS[sentence]
    if refusal is None:
        assert Data.model_validate({"train": train, "balance": balance}).balance
        return
    with pytest.raises(ValidationError, match=refusal):
        Data.model_validate({"train": train, "balance": balance})


def test_pairs_with_a_category_are_balanced_by_it(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (DATA / "medquad" / "sample.jsonl").read_text(encoding="utf-8").splitlines()]
    kinds = Counter(one["qtype"] for one in rows)
    written = [
        {"anchor": one["question"], "positive": one["answer"], "kind": one["qtype"]} for one in rows if kinds[one["qtype"]] > 9
    ]
    (tmp_path / "qa.jsonl").write_text("".join(json.dumps(one) + "\n" for one in written), encoding="utf-8")
    columns = {"anchor": "anchor", "positive": "positive", "category": "kind"}
    done = prepared(
        tmp_path,
        [{"uri": "qa.jsonl", "columns": columns}],
        build={"negatives": "SameCategory"},
        balance={"method": "Undersample"},
    )
    report = done.report.balance
    assert report is not None
    assert all(one.after == other.after for one, other in combinations(report.classes, 2))
    assert report.after < report.before
