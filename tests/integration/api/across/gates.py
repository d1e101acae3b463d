"""What a gate asks, of which metric and slice."""

from integration.api.across.rule import CLASSIFIED, GATE, JOB, RERANKED, SCORED, SIMILAR, Rules
from integration.api.examples import SHORTEST

RULES: Rules = {
    "a gate with a floor and a ceiling": (
        JOB,
        (*GATE, "max"),
        0.9,
        "spec.promotion.gates[0]: Invalid value: set exactly one of min, max and minDelta",
    ),
    "a gate of the least confidence": (JOB, (*GATE, "confidence"), 0.5, None),
    "a gate of no confidence": (
        JOB,
        (*GATE, "confidence"),
        0.49,
        "spec.promotion.gates[0].confidence: Invalid value: a bound is",
    ),
    "a gate without a threshold": (JOB, GATE, {"metric": "exam/ndcg@10"}, "spec.promotion.gates[0]: Invalid value: set exactly"),
    "a gate with all thresholds": (
        JOB,
        GATE,
        {"metric": "exam/ndcg@10", "min": 0, "max": 1, "minDelta": 0, "against": "Base"},
        "spec.promotion.gates[0]: Invalid value: set exactly one of",
    ),
    "a difference to nothing": (
        JOB,
        GATE,
        {"metric": "exam/ndcg@10", "minDelta": 0},
        "spec.promotion.gates[0]: Invalid value: minDelta and against belong together",
    ),
    "a floor against something": (
        JOB,
        (*GATE, "against"),
        "Base",
        "spec.promotion.gates[0]: Invalid value: minDelta and against",
    ),
    "a gate on a cutoff that the suite has not": (
        JOB,
        (*GATE, "metric"),
        "exam/ndcg@5",
        "spec.promotion.gates: Invalid value: every gate needs a metric that a suite yields: of Retrieval and Reranking SUITE/",
    ),
    "a gate on another suite": (JOB, (*GATE, "metric"), "test/ndcg@10", "spec.promotion.gates: Invalid value: every gate needs"),
    "a gate on a suite that begins alike": (
        JOB,
        (*GATE, "metric"),
        "exams/ndcg@10",
        "spec.promotion.gates: Invalid value: every",
    ),
    "a gate on a metric that there is not": (JOB, (*GATE, "metric"), "exam/dcg@10", "spec.promotion.gates: Invalid value: every"),
    "a gate on a statistic of pairs that another kind of suite yields": (
        SCORED,
        (*GATE, "metric"),
        "sts/ap",
        "spec.promotion.gates: Invalid value: every gate needs",
    ),
    "a gate on a statistic of pairs with a cutoff": (SCORED, (*GATE, "metric"), "sts/spearman@10", "every gate needs"),
    "a gate on the other statistic of pairs": (SCORED, (*GATE, "metric"), "sts/pearson", None),
    "a gate on a statistic of pairs where passages are ranked": (JOB, (*GATE, "metric"), "exam/spearman", "every gate needs"),
    "a gate on every slice by length": (JOB, (*GATE, "slice"), "length=*", None),
    "a gate on a slice that nobody asked for": (
        JOB,
        (*GATE, "slice"),
        "region=*",
        "spec.promotion.gates: Invalid value: a gate's slice is one of evaluation.slices",
    ),
    "a gate on a part of the name of a slice": (
        JOB,
        (*GATE, "slice"),
        "depart=*",
        "spec.promotion.gates: Invalid value: a gate's",
    ),
    "a gate on a slice without a value": (JOB, (*GATE, "slice"), "department", "spec.promotion.gates[0].slice"),
    "a gate on a slice of an exam that has none": (
        JOB,
        ("spec", "evaluation", "suites"),
        [
            {"name": "test", "cutoffs": [1, 10]},
            {
                "name": "exam",
                "cutoffs": [1, 10],
                "beir": {name: f"s3://b/{name}.jsonl" for name in ("corpus", "queries", "qrels")},
            },
        ],
        "spec.promotion.gates: Invalid value: slices are of the line's exam",
    ),
    "a ceiling for every slice": (
        JOB,
        GATE,
        {"metric": "exam/mrr@1", "max": 0.9, "slice": "language=*"},
        "spec.promotion.gates[0]: Invalid value: a gate on every slice is a floor or a difference",
    ),
    "a ceiling for one slice": (JOB, GATE, {"metric": "exam/mrr@1", "max": 0.9, "slice": "department=billing"}, None),
    "slices without the gates that name them": (
        JOB,
        ("spec", "evaluation"),
        {"suites": [{"name": "exam", "cutoffs": [1, 10]}]},
        "spec.promotion.gates: Invalid value: a gate's slice is one of",
    ),
    "gates on what pairs are classified by": (
        SCORED,
        ("spec", "evaluation", "suites", 0, "kind"),
        "PairClassification",
        "spec.promotion.gates: Invalid value: every gate needs",
    ),
    "a gate on a suite's metric that another kind yields": (SIMILAR, (*GATE, "metric"), "web/ap", "every gate needs"),
    "a gate on the other metric of labels": (CLASSIFIED, (*GATE, "metric"), "web/accuracy", None),
    "a gate on another suite's cutoff": (RERANKED, (*GATE, "metric"), "web/ndcg@10", "every gate needs"),
    "a gate on the first of two suites": (RERANKED, (*GATE, "metric"), "test/ndcg@10", None),
    "a gate on every metric": (
        JOB,
        ("spec", "promotion", "gates"),
        [{"metric": f"exam/{name}@1", "min": 0} for name in ("accuracy", "precision", "recall", "mrr", "ndcg", "map")],
        None,
    ),
    "gates on the suite of the defaults": (
        SHORTEST["FineTuneJob"],
        ("spec", "promotion"),
        {"gates": [{"metric": "test/ndcg@10", "min": 0.5}, {"metric": "test/mrr@1", "max": 1}]},
        None,
    ),
}
