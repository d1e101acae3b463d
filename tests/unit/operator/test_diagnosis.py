"""What two models' answers say about where the second lost, on real questions and answers."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from embtune_operator.judge.diagnosis import Answered, diagnose, lexical_overlap
from support.shapes import medquad

BLIND_TO = "inherited"


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def by_shared_words(question: str, answers: list[str]) -> list[str]:
    """The answers as a search by words has them, best first."""
    asked = words(question)
    return sorted(answers, key=lambda answer: (-len(asked & words(answer)), answer))


@pytest.fixture(scope="module")
def answered() -> list[Answered]:
    """Two searches by words; the second loses its way when it is asked what is inherited, and finds all that the first misses
    of the questions about treatments."""
    rows = {row["question"]: row for row in medquad()[:150]}
    answers = [row["answer"] for row in rows.values()]
    found = []
    for question, row in rows.items():
        first = by_shared_words(question, answers)
        second = first[::-1] if BLIND_TO in question else first
        if row["qtype"] == "treatment":
            second = [row["answer"]]
        value, other = (1 / (ranked.index(row["answer"]) + 1) for ranked in (first, second))
        found.append(Answered(question, row["focus"], value, other, (row["answer"],), first[0], second[0]))
    return found


def test_every_query_is_a_win_a_loss_or_a_tie(answered: list[Answered]) -> None:
    found = diagnose(answered)
    assert (found.won, found.lost) == (
        sum(query.second > query.first for query in answered),
        sum(query.second < query.first for query in answered),
    )
    assert found.won
    assert found.lost
    assert found.won + found.lost + found.tied == len(answered)
    assert found.change == pytest.approx(sum(query.second - query.first for query in answered) / len(answered))


def test_losses_are_told_with_their_texts_the_largest_first(answered: list[Answered]) -> None:
    found = diagnose(answered, most=5)
    assert len(found.losses) == 5
    assert [query.change for query in found.losses] == sorted(query.change for query in answered)[:5]
    assert all(BLIND_TO in query.text and query.second_top != query.first_top for query in found.losses)
    assert all(query.change > 0 for query in found.wins)


def test_the_word_that_the_losses_share_is_found_first(answered: list[Answered]) -> None:
    cluster = next(iter(diagnose(answered).clusters))
    assert cluster.word == BLIND_TO
    assert cluster.queries == sum(BLIND_TO in words(query.text) for query in answered)
    assert cluster.losses == sum(BLIND_TO in query.text and query.change < 0 for query in answered)
    assert cluster.change < -0.3


def test_lengths_and_overlaps_hold_every_query_once(answered: list[Answered]) -> None:
    found = diagnose(answered)
    for buckets in (found.lengths, found.overlaps):
        assert 2 <= len(buckets) <= 4
        assert sum(bucket.queries for bucket in buckets) == len(answered)
        assert all(one.high < other.low for one, other in pairwise(buckets))
        weighted = sum(bucket.change * bucket.queries for bucket in buckets) / len(answered)
        assert weighted == pytest.approx(found.change)
    lowest, highest = found.overlaps[0], found.overlaps[-1]
    assert highest.first > lowest.first, "a search by words finds what shares words"


def test_a_loss_to_a_passage_that_nearly_repeats_the_answer_is_a_conflict(answered: list[Answered]) -> None:
    question = next(query for query in answered if len(words(query.relevant[0])) > 20)
    other = replace(question, first=1.0, second=0.5, second_top=f"{question.relevant[0]} Indeed.")
    plain = replace(question, first=1.0, second=0.4, second_top="something else altogether")
    assert [(c.answered, c.why) for c in diagnose([other, plain]).conflicts] == [(other, "nearly the answer")]


def test_a_loss_to_the_answer_of_the_same_words_is_a_conflict() -> None:
    ask = Answered("reset my card", "a", 1.0, 0.5, ("Call us.",), "Call us.", "Use the app.")
    same = Answered("Reset my card!", "b", 1.0, 1.0, ("Use the app.",), "Use the app.", "Use the app.")
    assert [c.why for c in diagnose([ask, same]).conflicts] == ["answers the same words"]


def test_nothing_asked_is_nothing_found() -> None:
    found = diagnose([])
    assert (found.queries, found.won, found.lost, found.change) == (0, 0, 0, 0.0)
    assert not any((found.wins, found.losses, found.clusters, found.conflicts, found.lengths, found.overlaps))


def test_overlap_is_the_share_of_words_that_an_answer_has() -> None:
    assert lexical_overlap(Answered("list all files", "g", 0, 0, ("ls lists files", "list files"))) == pytest.approx(2 / 3)
