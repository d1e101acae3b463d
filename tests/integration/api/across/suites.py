"""What suites ask, and slices of the line's exam."""

from integration.api.across.rule import BEIR, CLASSIFIED, JOB, NEARER, RERANKED, SIMILAR, SLICE, SUITE, Rules
from integration.api.examples import SHORTEST

RULES: Rules = {
    "a slice by column without one": (JOB, SLICE, {}, "spec.evaluation.slices[0]: Invalid value: column goes with by: Column"),
    "a slice by language with a column": (
        JOB,
        SLICE,
        {"by": "Language", "column": "department"},
        "spec.evaluation.slices[0]: Invalid value: column goes with by: Column",
    ),
    "a slice by length with values": (
        JOB,
        SLICE,
        {"by": "Length", "buckets": [10], "values": ["10+"]},
        "spec.evaluation.slices[0]: Invalid value: column goes with by: Column",
    ),
    "a slice by answer": (JOB, ("spec", "evaluation", "slices", 2), {"by": "Answer"}, None),
    "a slice by answer with values": (
        JOB,
        SLICE,
        {"by": "Answer", "values": ["new"]},
        "spec.evaluation.slices[0]: Invalid value: column goes with by: Column",
    ),
    "two slices by answer": (
        JOB,
        ("spec", "evaluation", "slices"),
        [{"by": "Answer"}, {"by": "Language"}, {"column": "answer"}, {"column": "department"}],
        "spec.evaluation.slices: Invalid value: slices of one name",
    ),
    "buckets that fall": (
        JOB,
        ("spec", "evaluation", "slices", 2, "buckets"),
        [80, 40],
        "spec.evaluation.slices[2].buckets: Invalid value: buckets must rise",
    ),
    "buckets that stand still": (
        JOB,
        ("spec", "evaluation", "slices", 2, "buckets"),
        [40, 40],
        "spec.evaluation.slices[2].buckets: Invalid value: buckets must rise",
    ),
    "two slices of one name": (
        JOB,
        ("spec", "evaluation", "slices", 2),
        {"column": "language"},
        "spec.evaluation.slices: Invalid value: slices of one name",
    ),
    "a column that cannot stand in a metric's name": (JOB, (*SLICE, "column"), "a=b", "spec.evaluation.slices[0].column"),
    "vectors that are made no smaller": (
        JOB,
        ("spec", "evaluation", "suites", 0, "compressed"),
        [{"dimension": 64, "precision": "int8"}, {}],
        "spec.evaluation.suites[0].compressed[1]: Invalid value: say how",
    ),
    "vectors made smaller twice alike": (
        JOB,
        ("spec", "evaluation", "suites", 0, "compressed"),
        [{"dimension": 64, "precision": "int8"}, {"precision": "int8", "dimension": 64}],
        "spec.evaluation.suites[0].compressed: Invalid value: each of compressed is another",
    ),
    "vectors made smaller in four ways": (
        JOB,
        ("spec", "evaluation", "suites", 0, "compressed"),
        [{"dimension": 64, "precision": "int8"}, {"dimension": 64}, {"precision": "int8"}, {"dimension": 128}],
        None,
    ),
    "vectors made smaller before a cross-encoder": (
        RERANKED,
        (*SUITE, "compressed"),
        [{"precision": "int8"}],
        "spec.evaluation.suites[1].compressed: Invalid value: compressed is not for kind Reranking",
    ),
    "a suite that is called as costs are": (
        BEIR,
        (*SUITE, "name"),
        "cost",
        "spec.evaluation.suites[1].name: Invalid value: no suite is called cost",
    ),
    "two suites of one name": (SIMILAR, (*SUITE, "name"), "test", "spec.evaluation.suites: Invalid value: suites have different"),
    "a first suite with data of its own": (
        SIMILAR,
        ("spec", "evaluation", "suites", 0),
        {"name": "test", "kind": "SemanticSimilarity", "data": SIMILAR["spec"]["evaluation"]["suites"][1]["data"]},
        "spec.evaluation.suites: Invalid value: the first suite asks the line's exam",
    ),
    "a suite with rows and BEIR files": (
        BEIR,
        (*SUITE, "data"),
        {"uri": "s3://datasets/web.jsonl"},
        "spec.evaluation.suites[1].data: Invalid value: a suite asks rows (data), or BEIR files",
    ),
    "a guard that asks the line's exam": (
        JOB,
        ("spec", "evaluation", "suites", 0, "guard"),
        True,
        "spec.evaluation.suites[0].guard: Invalid value: a guard suite asks what the job does not train for",
    ),
    "a kind that does not fit the suite's rows": (
        NEARER,
        (*SUITE, "kind"),
        "Bitext",
        "spec.evaluation.suites[1].kind: Invalid value: the kind does not fit the suite's data",
    ),
    "BEIR files for pairs": (
        BEIR,
        (*SUITE, "kind"),
        "Bitext",
        "spec.evaluation.suites[1].kind: Invalid value: the kind does not fit",
    ),
    "reranking without a cross-encoder": (
        BEIR,
        (*SUITE, "kind"),
        "Reranking",
        "spec.evaluation.suites[1].kind: Invalid value: classification goes with kind Classification, and reranking",
    ),
    "a way to classify where nothing is": (
        BEIR,
        (*SUITE, "classification"),
        {"by": "Centroid"},
        "spec.evaluation.suites[1].kind: Invalid value: classification goes with",
    ),
    "a reference for the line's exam": (
        CLASSIFIED,
        (*SUITE, "data"),
        None,
        "spec.evaluation.suites[1].classification: Invalid value: classification.reference is for a suite with data",
    ),
    "the exam by labels": (
        SHORTEST["FineTuneJob"],
        ("spec", "evaluation"),
        {"suites": [{"name": "intents", "kind": "Classification"}]},
        None,
    ),
    "a suite's file on somebody's machine": (
        SIMILAR,
        (*SUITE, "data", "uri"),
        "sts.csv",
        "spec.evaluation.suites[1].data.uri: Invalid value: in a cluster, data lies at",
    ),
    "a BEIR file on somebody's machine": (
        BEIR,
        (*SUITE, "beir", "qrels"),
        "qrels.tsv",
        "spec.evaluation.suites[1].beir: Invalid value: in a cluster, data lies at",
    ),
    "a suite's cross-encoder on somebody's machine": (
        RERANKED,
        (*SUITE, "reranking", "crossEncoder", "uri"),
        "reader",
        "spec.evaluation.suites[1].reranking.crossEncoder.uri: Invalid value: in a cluster, a model is",
    ),
}
