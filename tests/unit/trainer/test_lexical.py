"""BM25 on real questions and answers, against its formula written out."""

import math

import numpy as np

from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.look.lexical import bm25_ndcg
from embtune_trainer.prepare.normalise import normalise
from support.shapes import medquad

_K1, _B = 1.5, 0.75


def an_exam(count: int) -> LoadedExam:
    rows = {row["question"]: row["answer"] for row in medquad()[:count]}
    ids = [f"{number:04}" for number in range(len(rows))]
    return LoadedExam(ids, list(rows), ids, ids, list(rows.values()), {own: {own: 1} for own in ids})


def test_bm25_is_what_its_formula_says() -> None:
    exam = an_exam(60)
    passages = [normalise(text).split() for text in exam.passages]
    mean_length = sum(map(len, passages)) / len(passages)

    def score(word: str, passage: list[str]) -> float:
        having = sum(word in other for other in passages)
        rarity = math.log(1 + (len(passages) - having + 0.5) / (having + 0.5))
        times = passage.count(word)
        return rarity * times / (times + _K1 * (1 - _B + _B * len(passage) / mean_length))

    expected = []
    for number, query in enumerate(exam.queries):
        scores = [sum(score(word, passage) for word in normalise(query).split()) for passage in passages]
        better = [round(other - scores[number], 5) for other in scores]
        rank = sum((more, place) > (0, number) for place, more in enumerate(better))  # equal ones by falling id, as in trec_eval
        expected.append(1 / math.log2(rank + 2) if rank < 10 else 0.0)
    found = bm25_ndcg(exam)
    assert 0.3 < found.mean() < 1
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_query_of_unknown_words_finds_passages_in_the_order_of_their_ids() -> None:
    exam = an_exam(20)
    lost = LoadedExam(["q"], ["zzyzx ?!"], ["g"], exam.passage_ids, exam.passages, {"q": {exam.passage_ids[-1]: 1}})
    assert bm25_ndcg(lost).tolist() == [1.0]
