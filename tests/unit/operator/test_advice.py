"""What `embtune data` and `embtune init` make of columns and counts, without reading a file."""

import pytest

from embtune_api.errors import InvalidInput
from embtune_api.look import ColumnLook, FileLook
from embtune_operator.advice.columns import guess_columns, parse_columns
from embtune_operator.advice.proposal import exam_share, plan_data
from support.looks import a_column, a_file


@pytest.mark.parametrize(
    ("columns", "mapping"),
    [
        pytest.param(
            [a_column("question"), a_column("answer", words=90), a_column("qtype", distinct=9, words=1)],
            {"anchor": "question", "positive": "answer"},
            id="questions and answers",
        ),
        pytest.param(
            [a_column("text"), a_column("category", distinct=77, words=1)],
            {"text": "text", "label": "category"},
            id="tickets with a category",
        ),
        pytest.param(
            [a_column("sentence1"), a_column("sentence2"), a_column("score", words=1, numeric=True)],
            {"sentence1": "sentence1", "sentence2": "sentence2", "score": "score"},
            id="scored pairs",
        ),
        pytest.param(
            [a_column("Query"), a_column("Passage"), a_column("hard_negative")],
            {"anchor": "Query", "positive": "Passage", "negative": "hard_negative"},
            id="triplets, in capitals",
        ),
        pytest.param(
            [a_column("wat", words=5), a_column("soort", distinct=7, words=1)],
            {"text": "wat", "label": "soort"},
            id="one column of texts and one of few values, whatever they are called",
        ),
        pytest.param(
            [a_column("de", words=9), a_column("en", words=8)],
            {"anchor": "en", "positive": "de"},
            id="two columns of texts alone",
        ),
    ],
)
def test_columns_are_recognised(columns: list[ColumnLook], mapping: dict[str, str]) -> None:
    assert guess_columns(a_file(*columns)).mapping == mapping


@pytest.mark.parametrize(
    ("file", "says"),
    [
        pytest.param(a_file(a_column("text")), "--columns anchor=COLUMN,positive=COLUMN", id="one column"),
        pytest.param(a_file(a_column("a"), a_column("b"), a_column("c")), "the file has a, b, c", id="three texts with no names"),
    ],
)
def test_what_is_not_recognised_is_asked_for(file: FileLook, says: str) -> None:
    with pytest.raises(InvalidInput, match=says.replace("(", r"\(")):
        guess_columns(file)


@pytest.mark.parametrize("text", ["anchor", "anker=a,positive=b", "anchor=a", ""])
def test_columns_that_make_no_shape_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(InvalidInput, match="such as anchor=question,positive=answer") as refused:
        parse_columns(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("queries", "groups", "share"),
    [
        pytest.param(10_000, 10_000, 0.2, id="a fifth is enough"),
        pytest.param(250, 250, 0.31, id="a small set holds out more"),
        pytest.param(1_000, 75, 0.4, id="few groups hold out more"),
        pytest.param(60, 60, 0.5, id="never more than a half"),
    ],
)
def test_the_exam_gets_the_rows_that_a_verdict_needs(queries: int, groups: int, share: float) -> None:
    assert exam_share(queries, groups) == share


def test_rows_are_grouped_by_a_column_whose_name_says_so() -> None:
    file = a_file(a_column("question"), a_column("answer"), a_column("doc", distinct=120, words=1))
    assert plan_data([file], [guess_columns(file)]).data.split.group_by == "doc"


@pytest.mark.parametrize(
    "doc",
    [
        pytest.param(a_column("doc", distinct=12, words=1), id="too few values for an exam"),
        pytest.param(a_column("doc", distinct=120, words=1, filled=499), id="a row without one"),
    ],
)
def test_a_column_that_could_not_group_does_not(doc: ColumnLook) -> None:
    file = a_file(a_column("question"), a_column("answer"), doc)
    assert plan_data([file], [guess_columns(file)]).data.split.group_by is None


def test_a_file_without_names_is_read_by_those_that_its_columns_were_given() -> None:
    columns = [a_column("column1"), a_column("column2"), a_column("column3", words=1, numeric=True)]
    file = a_file(*columns, header=["column1", "column2", "column3"])
    source = plan_data([file], [guess_columns(file)]).data.train[0]
    assert source.header == file.header
    assert source.columns.score == "column3"


def test_blank_cells_are_removed_not_refused() -> None:
    file = a_file(a_column("question", filled=497), a_column("answer"))
    plan = plan_data([file], [guess_columns(file)])
    assert (plan.empty, plan.data.checks.empty) == (3, "Fix")
