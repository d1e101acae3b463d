"""Candidates: what they may differ in, and what they are ranked by."""

from integration.api.across.rule import JOB, LABELLED, LINE, LOSS, SPLIT, Rules
from integration.api.across.split import BY_TIME
from integration.api.examples import FULL, changed
from integration.api.fields import Path

TRIED = next(document for document in FULL["FineTuneJob"] if "candidates" in document["spec"])
CANDIDATES: Path = ("spec", "candidates")
LABELLED_AUTO = changed(LABELLED, ("spec", "data", "build"), {"labelledTexts": "Auto"})

RULES: Rules = {
    "two candidates of one name": (
        TRIED,
        (*CANDIDATES, 1, "name"),
        "small",
        "spec.candidates: Invalid value: candidates have names of their own",
    ),
    "one candidate": (TRIED, CANDIDATES, [{"name": "alone"}], "spec.candidates"),
    "a candidate's base model on somebody's machine": (
        TRIED,
        (*CANDIDATES, 0, "baseModel", "uri"),
        "models/minilm",
        "spec.candidates[0].baseModel.uri: Invalid value: in a cluster, a model is hf://org/name",
    ),
    "candidates without validation rows": (
        TRIED,
        (*SPLIT, "validation"),
        0,
        "spec.data.split: Invalid value: candidates are ranked on validation rows",
    ),
    "candidates that are split by time, without validation rows": (
        TRIED,
        SPLIT,
        BY_TIME,
        "spec.data.split: Invalid value: candidates are ranked on validation rows",
    ),
    "candidates that are split by time": (TRIED, SPLIT, {**BY_TIME, "validationFrom": "2026-02-01"}, None),
    "candidates of which one has a teacher": (
        TRIED,
        (*CANDIDATES, 1, "training"),
        {"loss": "GIST"},
        "spec.candidates: Invalid value: candidates learn from the rows alone",
    ),
    "candidates of a job whose loss has a teacher": (
        TRIED,
        LOSS,
        {"name": "GIST"},
        "spec.candidates: Invalid value: candidates learn from the rows alone",
    ),
    "a candidate with frozen documents": (
        TRIED,
        (*CANDIDATES, 0, "training", "tune"),
        {"documentEncoder": "Frozen"},
        "spec.candidates: Invalid value: candidates learn from the rows alone",
    ),
    "candidates of a job with frozen documents": (
        TRIED,
        ("spec", "training", "tune"),
        {"documentEncoder": "Frozen"},
        "spec.candidates: Invalid value: candidates learn from the rows alone",
    ),
    "a candidate whose loss is of other data": (
        TRIED,
        (*CANDIDATES, 0, "training", "loss"),
        "CoSENT",
        "spec.candidates: Invalid value: a candidate's loss learns from the columns of data.train",
    ),
    "a candidate whose loss wants labels in batches, and the job's wants pairs": (
        LABELLED_AUTO,
        CANDIDATES,
        [{"name": "hard", "training": {"loss": "BatchHardTriplet"}}, {"name": "own"}],
        "spec.candidates: Invalid value: a candidate's loss learns from the columns of data.train",
    ),
    "candidates whose losses want labels in batches, as the job's does": (
        changed(LABELLED_AUTO, ("spec", "training"), {"loss": {"name": "BatchAllTriplet"}}),
        CANDIDATES,
        [{"name": "hard", "training": {"loss": "BatchHardTriplet", "batchSize": 8}}, {"name": "own"}],
        None,
    ),
    "a candidate with too few texts in a batch for several labels": (
        changed(LABELLED_AUTO, ("spec", "training"), {"loss": {"name": "BatchAllTriplet"}}),
        CANDIDATES,
        [{"name": "hard", "training": {"batchSize": 4}}, {"name": "own"}],
        "spec.candidates: Invalid value: a candidate that compares texts of several labels in each batch needs batchSize 8",
    ),
    "a candidate with a Cached loss of a job with a micro-batch": (
        changed(TRIED, ("spec", "training"), {"microBatchSize": 8}),
        (*CANDIDATES, 0, "training", "loss"),
        "CachedMultipleNegativesRanking",
        "spec.candidates: Invalid value: training.microBatchSize is not for a candidate with a Cached loss",
    ),
    "a budget of candidates without any": (
        JOB,
        ("spec", "runtime", "candidatesSeconds"),
        60,
        "spec.runtime.candidatesSeconds: Invalid value: runtime.candidatesSeconds is for a job with candidates",
    ),
    "a template with two candidates of one name": (
        LINE,
        ("spec", "template", "spec", "candidates"),
        [{"name": "a"}, {"name": "a"}],
        "spec.template.spec.candidates: Invalid value: candidates have names of their own",
    ),
}
