"""Fine-tune or keep the base: by what a base scored, without asking one."""

import numpy as np
import pytest

from embtune_api.base_look import BaseLook, TokenLook
from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.reports import DataReport, PreparedReport, SplitReport
from embtune_api.sources import Columns
from embtune_api.training import Training
from embtune_operator.advice.columns import Guess
from embtune_operator.advice.measured import CLOSED, Measured, measured
from embtune_operator.advice.prompts import advise_prompts
from embtune_operator.advice.proposal import plan_recipe
from embtune_operator.advice.value import Business, expected_value
from embtune_operator.advice.verdict import advise
from embtune_operator.judge.power import ALIKE, detectable, error_of_difference
from support.looks import a_column, a_file

SUITE = Suite(name="validation", cutoffs=(1, 10))


def a_report(*, queries: int = 400, groups: int = 400, train: int = 2000) -> DataReport:
    return DataReport(
        rows_read=train + queries,
        rows_used=train + queries,
        split=SplitReport(method="Hash", sides={}),
        prepared=PreparedReport(shape="pairs", train=train, validation=200),
        exam="0" * 64,
        exam_frozen_by_this_job=True,
        exam_queries=queries,
        exam_passages=queries,
        exam_groups=groups,
        findings=[],
    )


def a_base(found: float, *, queries: int = 200, lexical: float = 0.5, prompts: dict[str, str] | None = None) -> BaseLook:
    """One that has the right answer first for that share of the queries, and nowhere for the others."""
    right = [1.0 if number < found * queries else 0.0 for number in range(queries)]
    words = [1.0 if number < lexical * queries else 0.0 for number in range(queries)]
    return BaseLook(
        uri="hf://org/model",
        suite=SUITE,
        columns=list(SUITE.metrics()),
        values=[[value] * len(SUITE.metrics()) for value in right],
        groups=list(range(queries)),
        passages=queries,
        asked_of=queries,
        lexical=list(words),
        texts=2 * queries,
        seconds=4.0,
        reads=256,
        tokens=[TokenLook(side="either", p50=8, p95=20, longest=40, cut=0.0)],
        prompts=prompts or {},
    )


def a_measured(found: float, report: DataReport | None = None, **base: int | float) -> Measured:
    made = measured(a_base(found, **base), report or a_report())  # type: ignore[arg-type]
    assert made
    return made


@pytest.mark.parametrize(
    ("found", "report", "answer", "says"),
    [
        pytest.param(0.5, a_report(), "fine-tune", "so 0.500 is left to win", id="much to win, and an exam that tells it"),
        pytest.param(0.98, a_report(), "keep the base", "less than the 0.03", id="nothing to win"),
        pytest.param(
            0.5, a_report(queries=60, groups=60), "get more data", "groups would tell it", id="an exam that tells nothing"
        ),
        pytest.param(0.5, a_report(train=100), "get more data", "100 rows are left to train on", id="nothing to learn from"),
        pytest.param(0.3, a_report(), "fine-tune", "the base does not know the words", id="a base below BM25"),
        pytest.param(0.7, a_report(), "fine-tune", "the base understands more than words", id="a base above BM25"),
    ],
)
def test_the_answer_comes_with_its_reasons(found: float, report: DataReport, answer: str, says: str) -> None:
    advice = advise(report, a_measured(found, report))
    assert advice.answer == answer
    assert says in "; ".join(advice.reasons)


@pytest.mark.parametrize(
    ("words", "base", "length", "reason"),
    [
        pytest.param(8, a_base(0.5), 32, "at most 20 tokens (counted by the base's tokenizer)", id="what a tokenizer counted"),
        pytest.param(8, None, "Auto", "about 30 tokens (estimated from words and characters); Auto counts", id="nobody has"),
        pytest.param(200, None, 256, "(estimated from words and characters), longer texts are cut", id="more than is proposed"),
    ],
)
def test_a_job_says_a_length_where_one_is_known(words: int, base: BaseLook | None, length: int | str, reason: str) -> None:
    file = a_file(a_column("anchor", words=words), a_column("positive", words=words))
    recipe = plan_recipe([file], [Guess(Columns(anchor="anchor", positive="positive"), "")], a_report(), "", base)
    assert recipe.training.max_seq_length == length
    assert reason in recipe.length_reason


def test_a_base_that_words_alone_equal_is_not_told_apart_from_them() -> None:
    assert "BM25" not in "; ".join(advise(a_report(), a_measured(0.5)).reasons)


def test_the_difference_that_an_exam_tells_is_found_as_often_as_promised() -> None:
    """Simulated: per-query scores of two models that correlate as assumed, judged by the one-sided test that the gates use."""
    queries, rng = 400, np.random.default_rng(1)
    difference = detectable(error_of_difference(1.0 / np.sqrt(queries)), queries, queries)
    covariance = [[1.0, ALIKE], [ALIKE, 1.0]]
    draws = rng.multivariate_normal([0.0, difference], covariance, size=(2000, queries))
    paired = draws[..., 1] - draws[..., 0]
    lower = paired.mean(axis=1) - 1.645 * paired.std(axis=1) / np.sqrt(queries)
    assert (lower > 0).mean() == pytest.approx(0.8, abs=0.03)


def test_an_exam_of_a_quarter_of_the_groups_tells_twice_the_difference() -> None:
    assert detectable(0.02, 400, 100) == pytest.approx(2 * detectable(0.02, 400, 400))


def test_what_a_better_model_is_worth_is_arithmetic_that_one_can_follow() -> None:
    training = Training(epochs=4)
    value = expected_value(Business(1000, 0.5, 2.0), a_measured(0.6), training, 3600)
    fewer = 1000 * 0.4 * CLOSED
    assert value.worth == pytest.approx(fewer * 0.5 * 30)
    assert value.cost == pytest.approx(3600 * 4 * 2 * 3 / 100 / 3600 * 2.0)
    assert value.pays
    assert f"{value.worth - value.cost:,.2f} in 30 days" in "; ".join(value.steps)
    advice = advise(a_report(), a_measured(0.6), expected_value(Business(1, 0.01, 100.0), a_measured(0.6), training, 3600))
    assert advice.answer == "keep the base"


def test_pairs_with_scores_have_no_misses() -> None:
    suite = Suite(name="validation", kind="SemanticSimilarity")
    values = [[number / 60, float(number % 6)] for number in range(60)]
    columns = ["validation/similarity", "validation/score"]
    base = a_base(0.5).model_copy(
        update={"suite": suite, "columns": columns, "values": values, "groups": list(range(60)), "lexical": None}
    )
    made = measured(base, a_report())
    assert made
    assert made.metric == "spearman"
    with pytest.raises(InvalidInput, match="scored pairs have no queries"):
        expected_value(Business(1, 1, 1), made, Training(epochs=1), 100)


def test_a_metric_that_has_no_meaning_in_some_draws_is_not_told() -> None:
    base = a_base(0.5, queries=1)
    assert measured(base, a_report()) is None


@pytest.mark.parametrize(
    ("words", "uri", "prompts", "says"),
    [
        pytest.param(
            [8, 90], "hf://intfloat/e5-small-v2", {}, '"query": "query: ", "document": "passage: "', id="e5 on questions"
        ),
        pytest.param(
            [8, 9], "hf://intfloat/multilingual-e5-large-instruct", {}, "no prompts are needed", id="not those of e5 here"
        ),
        pytest.param([8, 9], "hf://intfloat/multilingual-e5-base", {}, '"document": "query: "', id="e5 on sentences"),
        pytest.param([8, 90], "hf://BAAI/bge-small-en-v1.5", {}, "Represent this sentence", id="bge on questions"),
        pytest.param([8, 9], "hf://BAAI/bge-small-en-v1.5", {}, "no prompts are needed", id="bge on sentences"),
        pytest.param([8, 90], "hf://nomic-ai/nomic-embed-text-v1.5", {}, "search_document: ", id="nomic on questions"),
        pytest.param(
            [8, 90],
            "hf://intfloat/e5-small-v2",
            {"query": "q: "},
            "brings its own, 'q: ' before queries",
            id="its own come first",
        ),
        pytest.param([8], "hf://org/model", {}, "no prompts are needed", id="one side"),
    ],
)
def test_prompts_by_the_base_its_family_and_the_data(words: list[int], uri: str, prompts: dict[str, str], says: str) -> None:
    assert says in advise_prompts(words, uri, a_base(0.5, prompts=prompts))
