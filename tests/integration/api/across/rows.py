"""What is done with the rows to train on: mining, replay, balance, checks."""

from integration.api.across.rule import JOB, LABELLED, Rules
from integration.api.examples import SHORTEST

RULES: Rules = {
    "ranks without any between them": (
        JOB,
        ("spec", "data", "mine", "range"),
        {"min": 50, "max": 50},
        "spec.data.mine.range: Invalid value: min is below max",
    ),
    "scores without any between them": (
        JOB,
        ("spec", "data", "mine", "minScore"),
        0.95,
        "spec.data.mine: Invalid value: minScore is below maxScore",
    ),
    "no margin at all": (JOB, ("spec", "data", "mine", "margin"), {}, None),
    "a cross-encoder on somebody's machine": (
        JOB,
        ("spec", "data", "mine", "crossEncoder", "uri"),
        "models/reader",
        "spec.data.mine.crossEncoder.uri: Invalid value: in a cluster, a model is hf://org/name",
    ),
    "negatives for pairs made of labelled texts": (LABELLED, ("spec", "data", "mine"), {"perQuery": 2}, None),
    "negatives for texts that may stay texts": (
        LABELLED,
        ("spec", "data"),
        {**LABELLED["spec"]["data"], "build": {}, "mine": {}},
        "spec.data.mine: Invalid value: mine is for pairs and triplets",
    ),
    "a replay that says nothing": (JOB, ("spec", "data", "replay"), {}, None),
    "a replay of nothing": (
        JOB,
        ("spec", "data", "replay", "ratio"),
        0,
        "spec.data.replay.ratio: Invalid value: 0: spec.data.replay.ratio in body should be greater than 0",
    ),
    "a replay of nothing else": (
        JOB,
        ("spec", "data", "replay", "ratio"),
        1,
        "spec.data.replay.ratio: Invalid value: 1: spec.data.replay.ratio in body should be less than 1",
    ),
    "a replay of what was in production before": (
        JOB,
        ("spec", "data", "replay", "version", "ref"),
        "previous",
        "spec.data.replay.version.ref: Invalid value",
    ),
    "labels that are balanced": (LABELLED, ("spec", "data", "balance"), {"by": "Label"}, None),
    "categories that are balanced": (
        JOB,
        ("spec", "data"),
        {
            "train": [{"uri": "s3://datasets/a.csv", "columns": {"anchor": "q", "positive": "a", "category": "c"}}],
            "build": {"negatives": "SameCategory"},
            "balance": {},
        },
        None,
    ),
    "labels that are balanced, but nobody maps": (
        SHORTEST["FineTuneJob"],
        ("spec", "data", "balance"),
        {"method": "Oversample"},
        "spec.data.balance: Invalid value: balance by Label needs a label or a category column in every source",
    ),
    "languages that are balanced, but not told": (
        LABELLED,
        ("spec", "data", "balance"),
        {"by": "Language"},
        "spec.data.balance: Invalid value: balance by Label needs a label or a category column",
    ),
    "rows of each class, where shares are bent": (
        JOB,
        ("spec", "data", "balance"),
        {"rowsPerClass": 5},
        "spec.data.balance: Invalid value: a field does not go with the method: rowsPerClass goes with Undersample and",
    ),
    "copies of what is left out": (
        LABELLED,
        ("spec", "data", "balance"),
        {"method": "Undersample", "maxCopies": 5},
        "maxCopies with Oversample and WeightedSampling",
    ),
    "an exponent for copies": (
        LABELLED,
        ("spec", "data", "balance"),
        {"method": "Oversample", "alpha": 0.5},
        "spec.data.balance: Invalid value: a field does not go with the method",
    ),
    "languages to keep, but none listed": (
        SHORTEST["FineTuneJob"],
        ("spec", "data", "checks"),
        {"languageMix": "Fix"},
        "spec.data.checks.languageMix: Invalid value: languageMix: Fix needs languages",
    ),
    "languages that are only looked at": (SHORTEST["FineTuneJob"], ("spec", "data", "checks"), {"languages": ["en"]}, None),
}
