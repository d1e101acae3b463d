"""A suite that compares the first numbers of each vector alone."""

from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from embtune_api.evaluation import Suite
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.ranking import rank_passages
from embtune_trainer.evaluate.retrieval_metrics import retrieval_metric
from embtune_trainer.evaluate.suites import ask
from support.shapes import medquad
from support.tiny_model import make_tiny_model


def test_fewer_dimensions_are_scored_as_vectors_that_were_cut(tmp_path: Path) -> None:
    rows = {row["question"]: row["answer"] for row in medquad()[:60]}
    ids = [f"{number:03}" for number in range(len(rows))]
    exam = LoadedExam(ids, list(rows), ids, ids, list(rows.values()), {one: {one: 1} for one in ids})
    encoder = SentenceTransformer(str(make_tiny_model(tmp_path, [*rows, *rows.values()])), device="cpu")
    whole = Suite(name="test")
    cut = Suite(name="test", dimensions=8)
    found = {suite.dimensions: ask(encoder, exam, suite, lambda _: None).values[:, -5] for suite in (whole, cut)}
    assert encoder.truncate_dim is None, "the next suite has all of them again"
    name = cut.metrics()[-5]
    assert name.startswith("test/ndcg@")
    queries, passages = (np.asarray(encoder.encode(texts), np.float32)[:, :8] for texts in (exam.queries, exam.passages))
    ranked = rank_passages(queries, passages, exam.passage_ids, 10)
    np.testing.assert_allclose(found[8], retrieval_metric("ndcg", int(name.partition("@")[2]), exam.gains(ranked), exam.ideal))
    assert not np.array_equal(found[8], found[None])
    assert cut.digest() != whole.digest()
