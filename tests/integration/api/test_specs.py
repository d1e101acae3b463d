"""One table of good and bad specs, through pydantic and the API server: equal verdicts, equal defaults, faults by name."""

from typing import Any

import pytest

from embtune_api.resources import KINDS
from integration.api.cases import cases_of, example_with
from integration.api.examples import FULL, RECIPE, SHA, SHORTEST, changed
from integration.api.fields import Field, Path, fields_of
from integration.api.server import Server
from integration.api.verdicts import difference

FIELDS = [(kind, field) for kind in KINDS for field in fields_of(kind)]
JOB, VERSION, LINE = FULL["FineTuneJob"][0], FULL["ModelVersion"][0], FULL["EmbeddingModel"][0]
COLUMNS: Path = ("spec", "data", "train", 0, "columns")
GATE: Path = ("spec", "promotion", "gates", 0)
SLICE: Path = ("spec", "evaluation", "slices", 0)
TRIPLETS, SCORED, LABELLED = FULL["FineTuneJob"][-3:]
RERANKED, CLASSIFIED, SIMILAR, NEARER, BEIR = FULL["FineTuneJob"][4:9]
TRIED = next(document for document in FULL["FineTuneJob"] if "candidates" in document["spec"])
CANDIDATES: Path = ("spec", "candidates")
LABELLED_AUTO = changed(LABELLED, ("spec", "data", "build"), {"labelledTexts": "Auto"})
SUITE: Path = ("spec", "evaluation", "suites", 1)
LOSS: Path = ("spec", "training", "loss")
BUILD: Path = ("spec", "data", "build")
AUGMENT: Path = ("spec", "data", "augment")
SOURCE = RECIPE["data"]["train"][0]
SPLIT: Path = ("spec", "data", "split")
BY_TIME = {"method": "Time", "timeColumn": "sent", "testFrom": "2026-03-01"}

# sentence: (a good document, where it is changed, to what, what the API server says; None: it is accepted)
ACROSS_FIELDS: dict[str, tuple[Any, Path, Any, str | None]] = {
    "a base model that is a uri and a version": (
        JOB,
        ("spec", "baseModel", "version"),
        {"model": "search"},
        "spec.baseModel: Invalid value: set exactly one of uri and version",
    ),
    "a base model that is nothing": (JOB, ("spec", "baseModel"), {}, "spec.baseModel: Invalid value: set exactly one of uri"),
    "a base model on somebody's machine": (
        JOB,
        ("spec", "baseModel", "uri"),
        "models/minilm",
        "spec.baseModel.uri: Invalid value: in a cluster, a model is hf://org/name",
    ),
    "a base model on the node": (JOB, ("spec", "baseModel", "uri"), "file:///models/minilm", "spec.baseModel.uri: Invalid value"),
    "a model of the hub without its organisation": (JOB, ("spec", "baseModel", "uri"), "hf://minilm", "spec.baseModel.uri"),
    "a data set of the hub without a file": (
        JOB,
        ("spec", "data", "train", 0, "uri"),
        "hf://datasets/org/name",
        "spec.data.train[0].uri: Invalid value",
    ),
    "a file of a data set of the hub": (JOB, ("spec", "data", "train", 0, "uri"), "hf://datasets/org/name@main/a/b.csv", None),
    "a bucket without a folder": (JOB, ("spec", "baseModel", "uri"), "s3://models", "spec.baseModel.uri: Invalid value"),
    "data on somebody's machine": (
        JOB,
        ("spec", "data", "train", 0, "uri"),
        "train.jsonl",
        "spec.data.train[0].uri: Invalid value: in a cluster, data lies at s3://bucket/key",
    ),
    "data on the node": (
        JOB,
        ("spec", "data", "train", 0, "uri"),
        "file:///train.jsonl",
        "spec.data.train[0].uri: Invalid value",
    ),
    "a file of a claim": (JOB, ("spec", "data", "train", 0, "uri"), "pvc://corpus.v2/a/b c.csv", None),
    "a claim without a file": (JOB, ("spec", "data", "train", 0, "uri"), "pvc://corpus", "spec.data.train[0].uri"),
    "a claim of a name that none has": (
        JOB,
        ("spec", "data", "train", 0, "uri"),
        "pvc://../a.csv",
        "spec.data.train[0].uri: Invalid value: in a cluster, data lies at s3://bucket/key",
    ),
    "names for the columns of a file that names them itself": (
        JOB,
        ("spec", "data", "train", 0, "header"),
        ["q", "a"],
        "spec.data.train[0].header: Invalid value: header names the columns of a .csv or .tsv whose first line is data",
    ),
    "names for the columns of a packed tsv": (
        SCORED,
        ("spec", "data", "train", 0, "uri"),
        "s3://datasets/STS.TSV.gz",
        None,
    ),
    "a data set of the hub": (JOB, ("spec", "data", "train", 0, "uri"), "hf://datasets/a/b", "spec.data.train[0].uri"),
    "pairs without labels": (JOB, COLUMNS, {"anchor": "q", "positive": "a", "category": "c"}, None),
    "columns that make no shape": (
        JOB,
        COLUMNS,
        {"anchor": "q"},
        "spec.data.train[0].columns: Invalid value: the columns make no known data shape (pairs: anchor, positive;",
    ),
    "no columns at all": (JOB, COLUMNS, {}, "spec.data.train[0].columns: Invalid value"),
    "triplets with a label": (
        JOB,
        COLUMNS,
        {"anchor": "q", "positive": "a", "negative": "n", "label": "l"},
        "spec.data.train[0].columns: Invalid value",
    ),
    "triplets for a loss that learns from pairs too": (TRIPLETS, LOSS, {"name": "MultipleNegativesRanking"}, None),
    "pairs for a loss that learns from triplets alone": (
        TRIPLETS,
        COLUMNS,
        {"anchor": "q", "positive": "a"},
        "spec.data.train: Invalid value: loss Triplet does not learn from the columns of data.train: it wants triplets",
    ),
    "a loss of scored pairs for triplets": (
        TRIPLETS,
        LOSS,
        {"name": "CoSENT"},
        "spec.data.train: Invalid value: loss CoSENT does not learn from the columns of data.train: it wants scored pairs",
    ),
    "two sizes of what is in memory at once": (
        TRIPLETS,
        ("spec", "training"),
        {"loss": {"name": "CachedMultipleNegativesRanking"}, "microBatchSize": 8},
        "spec.training.microBatchSize: Invalid value: a Cached loss has its own size",
    ),
    "stopping early without looking": (
        TRIPLETS,
        ("spec", "training"),
        {"earlyStopping": {}, "evaluationSteps": 0},
        "spec.training.evaluationSteps: Invalid value: earlyStopping looks at the validation rows",
    ),
    "no look at the validation rows, and none held out": (
        TRIPLETS,
        ("spec",),
        {
            **TRIPLETS["spec"],
            "training": {"evaluationSteps": 0},
            "data": {**TRIPLETS["spec"]["data"], "split": {"validation": 0}},
        },
        None,
    ),
    "looks at validation rows that nobody holds out": (
        TRIPLETS,
        ("spec",),
        {
            **TRIPLETS["spec"],
            "training": {"evaluationSteps": 5},
            "data": {**TRIPLETS["spec"]["data"], "split": {"validation": 0}},
        },
        "spec.data.split: Invalid value: training.evaluationSteps and training.earlyStopping look at validation rows",
    ),
    "stopping early where all that is early trains": (
        TRIPLETS,
        ("spec",),
        {
            **TRIPLETS["spec"],
            "training": {"earlyStopping": {"patience": 2}},
            "data": {**TRIPLETS["spec"]["data"], "split": {"method": "Time", "timeColumn": "t", "testFrom": "2026-01-31"}},
        },
        "spec.data.split: Invalid value: training.evaluationSteps and training.earlyStopping look at validation rows",
    ),
    "a metric of scored pairs for triplets": (
        TRIPLETS,
        ("spec", "training", "earlyStopping"),
        {"metric": "spearman"},
        "spec.training.earlyStopping: Invalid value: earlyStopping.metric: ap, f1, pearson, spearman are of scored pairs",
    ),
    "a metric of scored pairs for scored pairs": (SCORED, ("spec", "training", "earlyStopping"), {"metric": "spearman"}, None),
    "the loss for any data": (SCORED, ("spec", "training", "earlyStopping"), {"metric": "loss"}, None),
    "a margin for a loss without one": (
        TRIPLETS,
        LOSS,
        {"name": "MultipleNegativesRanking", "margin": 1},
        "spec.training.loss.margin: Invalid value: margin is for the losses BatchAllTriplet, BatchHardTriplet, "
        "BatchSemiHardTriplet, CachedGIST, Contrastive, GIST, OnlineContrastive, Triplet",
    ),
    "a margin for whichever loss fits": (
        TRIPLETS,
        LOSS,
        {"margin": 1},
        "spec.training.loss.margin: Invalid value: margin is for",
    ),
    **{
        f"scored pairs for {loss}": (SCORED, LOSS, {"name": loss}, None)
        for loss in ("Auto", "CoSENT", "CosineSimilarity", "Contrastive", "OnlineContrastive")
    },
    "pairs of labelled texts for a loss of batches": (
        LABELLED,
        ("spec", "training"),
        {"loss": {"name": "BatchHardSoftMarginTriplet"}, "batchSize": 8},
        "loss BatchHardSoftMarginTriplet does not learn from the columns of data.train: it wants labelled texts",
    ),
    **{
        f"batches too small to hold several labels for {loss}": (
            LABELLED,
            ("spec", "training"),
            {"loss": {"name": loss}, "batchSize": 7},
            "spec.training.batchSize: Invalid value: BatchAllTriplet, BatchHardSoftMarginTriplet, BatchHardTriplet, "
            "BatchSemiHardTriplet compare texts of several labels in each batch",
        )
        for loss in ("BatchHardSoftMarginTriplet", "BatchAllTriplet")
    },
    "a teacher for a loss that learns from nobody": (
        TRIPLETS,
        LOSS,
        {"name": "Triplet", "teacher": {"uri": "hf://a/b"}},
        "spec.training.loss.teacher: Invalid value: teacher is for the losses CachedGIST, GIST, MSE, MarginMSE",
    ),
    "margins that no cross-encoder gives": (
        TRIPLETS,
        LOSS,
        {"name": "MarginMSE"},
        "spec.training.loss.teacher: Invalid value: MarginMSE learns what a cross-encoder says: name one as teacher.uri",
    ),
    "a version as a cross-encoder": (
        TRIPLETS,
        LOSS,
        {"name": "MarginMSE", "teacher": {"version": {"model": "search"}}},
        "MarginMSE learns what a cross-encoder says",
    ),
    "a teacher that is nothing": (
        TRIPLETS,
        LOSS,
        {"name": "GIST", "teacher": {}},
        "spec.training.loss.teacher: Invalid value: set exactly one of uri and version",
    ),
    "a teacher on somebody's machine": (
        TRIPLETS,
        LOSS,
        {"name": "GIST", "teacher": {"uri": "models/guide"}},
        "spec.training.loss.teacher.uri: Invalid value: in a cluster, a model is hf://org/name",
    ),
    "a guide that is the base itself": (TRIPLETS, LOSS, {"name": "GIST"}, None),
    "margins of pairs without negatives": (
        SHORTEST["FineTuneJob"],
        ("spec", "training"),
        {"loss": {"name": "MarginMSE", "teacher": {"uri": "hf://a/b"}}},
        "spec.data: Invalid value: loss MarginMSE learns from negatives: map a negative for every source",
    ),
    "margins of pairs with negatives that are looked for": (
        JOB,
        LOSS,
        {"name": "MarginMSE", "teacher": {"uri": "hf://a/b"}},
        None,
    ),
    "translations with negatives that are looked for": (
        JOB,
        LOSS,
        {"name": "MSE"},
        "spec.data: Invalid value: loss MSE learns from texts and their translations, and has no use for negatives",
    ),
    "translations": (SHORTEST["FineTuneJob"], ("spec", "training"), {"loss": {"name": "MSE"}}, None),
    "labelled texts as translations of each other": (
        LABELLED,
        ("spec", "training"),
        {"loss": {"name": "MSE"}},
        "spec.data.train: Invalid value: loss MSE does not learn from the columns of data.train: it wants pairs",
    ),
    "vectors cut twice to the same length": (
        JOB,
        ("spec", "training", "matryoshka"),
        {"dims": [64, 32, 64]},
        "spec.training.matryoshka.dims: Invalid value: dims must differ from each other",
    ),
    "a weight too few": (
        JOB,
        ("spec", "training", "matryoshka"),
        {"dims": [64, 32], "weights": [1]},
        "spec.training.matryoshka.weights: Invalid value: weights has one number for each of dims",
    ),
    "scored pairs for a loss that learns from pairs": (
        JOB,
        COLUMNS,
        {"sentence1": "a", "sentence2": "b", "score": "s"},
        "spec.data.train: Invalid value: loss",
    ),
    "labelled texts for a loss that learns from pairs": (LABELLED, COLUMNS, {"text": "a", "label": "b"}, None),
    "labelled texts that stay texts for a loss that learns from pairs": (
        LABELLED,
        BUILD,
        {"labelledTexts": "Batches"},
        "spec.data.train: Invalid value: loss CachedMultipleNegativesRanking does not learn from the columns of data.train: "
        "it wants pairs or triplets",
    ),
    "labelled texts with a category": (
        LABELLED,
        COLUMNS,
        {"text": "a", "label": "b", "category": "c"},
        "make no known data shape",
    ),
    "labelled texts beside pairs": (
        LABELLED,
        ("spec", "data", "train"),
        [
            {**SOURCE, "columns": {"text": "a", "label": "b"}},
            {**SOURCE, "columns": {"anchor": "a", "positive": "b", "label": "c"}},
        ],
        "spec.data.train: Invalid value: sources go together where all are pairs or triplets",
    ),
    "scored pairs for a loss that is to fit": (
        SHORTEST["FineTuneJob"],
        COLUMNS,
        {"sentence1": "a", "sentence2": "b", "score": "s"},
        None,
    ),
    "pairs built as labelled texts are": (
        JOB,
        BUILD,
        {"labelledTexts": "Pairs", "negatives": "SameCategory"},
        "spec.data.build: Invalid value: build.labelledTexts is for labelled texts",
    ),
    "a category that nothing is done with": (
        JOB,
        BUILD,
        {},
        "spec.data.build: Invalid value: columns.category and build.negatives: SameCategory belong together",
    ),
    "negatives of a category that nobody names": (
        SHORTEST["FineTuneJob"],
        BUILD,
        {"negatives": "SameCategory"},
        "belong together",
    ),
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
    "a time alone": (JOB, COLUMNS, {"time": "sent"}, "the columns make no known data shape"),
    "triplets with a time": (TRIPLETS, (*COLUMNS, "time"), "sent", None),
    "scored pairs with a time": (SCORED, (*COLUMNS, "time"), "sent", None),
    "labelled texts with a time": (LABELLED, (*COLUMNS, "time"), "sent", None),
    "no weight at all": (JOB, ("spec", "data", "train", 0, "weight"), 0, "spec.data.train[0].weight"),
    "a language in words": (JOB, ("spec", "data", "train", 0, "language"), "English", "spec.data.train[0].language"),
    "synonyms that nobody looks up": (
        JOB,
        (*AUGMENT, "methods"),
        ["Typos", "Paraphrase"],
        "spec.data.augment: Invalid value: the method SynonymReplacement and synonyms belong together",
    ),
    "synonyms that nobody gives": (
        JOB,
        AUGMENT,
        {"methods": ["SynonymReplacement"]},
        "spec.data.augment: Invalid value: the method SynonymReplacement and synonyms belong together",
    ),
    "synonyms on somebody's machine": (
        JOB,
        (*AUGMENT, "synonyms", "uri"),
        "synonyms.tsv",
        "spec.data.augment.synonyms.uri: Invalid value: in a cluster, data lies at s3://bucket/key",
    ),
    "a paraphraser that nobody gives": (
        JOB,
        AUGMENT,
        {"methods": ["Paraphrase"]},
        "spec.data.augment: Invalid value: the method Paraphrase and paraphrase belong together",
    ),
    "a paraphraser on somebody's machine": (
        JOB,
        (*AUGMENT, "paraphrase", "uri"),
        "models/t5",
        "spec.data.augment.paraphrase.uri: Invalid value: in a cluster, a model is hf://org/name",
    ),
    "a method that has two turns": (JOB, AUGMENT, {"methods": ["Typos", "Typos", "Casing"]}, None),
    "changes of a column that is not mapped": (
        JOB,
        (*AUGMENT, "columns"),
        ["text"],
        "spec.data.augment: Invalid value: augment.columns names columns that every source maps",
    ),
    "changes of texts with labels": (
        LABELLED,
        AUGMENT,
        {"methods": ["RandomDeletion", "RandomSwap"], "columns": ["text"]},
        None,
    ),
    "changes of one side of texts with labels": (
        LABELLED,
        AUGMENT,
        {"methods": ["Typos"], "columns": ["anchor"]},
        "spec.data.augment: Invalid value: augment.columns names columns that every source maps",
    ),
    "changes of triplets": (TRIPLETS, AUGMENT, {"methods": ["RandomSwap"], "ratio": 4}, None),
    "changes of scored pairs that keep their words": (
        SCORED,
        AUGMENT,
        {"methods": ["Typos", "Casing"], "columns": ["sentence1", "sentence2"]},
        None,
    ),
    "changes of scored pairs that take words out": (
        SCORED,
        AUGMENT,
        {"methods": ["Typos", "RandomDeletion"]},
        "spec.data.augment: Invalid value: scored pairs are augmented by Typos and Casing alone",
    ),
    "two sources with labels": (JOB, ("spec", "data", "train"), [SOURCE, SOURCE], None),
    "labels in one of two sources": (
        JOB,
        ("spec", "data", "train"),
        [SOURCE, {"uri": "s3://datasets/more.jsonl"}],
        "spec.data.train: Invalid value: map a label for every source, or for none",
    ),
    "a split by the label": (JOB, SPLIT, {"method": "Stratified"}, None),
    "a split by a column, without labels": (
        SHORTEST["FineTuneJob"],
        SPLIT,
        {"method": "Stratified", "stratifyBy": "language", "test": 0.1, "validation": 0},
        None,
    ),
    "a split by the label, without labels": (
        SHORTEST["FineTuneJob"],
        SPLIT,
        {"method": "Stratified"},
        "spec.data.split: Invalid value: method Stratified needs split.stratifyBy, or a label column",
    ),
    "a split by time": (JOB, SPLIT, BY_TIME, None),
    "a split by time, with groups and a seed": (JOB, SPLIT, {**BY_TIME, "groupBy": "customer", "seed": 3}, None),
    "a split by time, without a column": (
        JOB,
        SPLIT,
        {"method": "Time", "testFrom": "2026-03-01"},
        "spec.data.split: Invalid value: method Time needs timeColumn and testFrom",
    ),
    "a split by time, without a time": (JOB, SPLIT, {"method": "Time", "timeColumn": "sent"}, "method Time needs timeColumn and"),
    "a split by time, with a share": (
        JOB,
        SPLIT,
        {**BY_TIME, "test": 0.2},
        "spec.data.split: Invalid value: a field does not go with the method: validation and test go with Hash and Stratified",
    ),
    "a split by time, with no share": (JOB, SPLIT, {**BY_TIME, "validation": 0}, "a field does not go with the method"),
    "a split by hash, with a time": (JOB, SPLIT, {"timeColumn": "sent"}, "timeColumn, testFrom and validationFrom with Time"),
    "a split by hash, with strata": (JOB, SPLIT, {"stratifyBy": "language"}, "stratifyBy with Stratified"),
    "a split that the data gives": (JOB, SPLIT, {"method": "Given", "splitColumn": "side"}, None),
    "a split that the data gives, nobody says where": (JOB, SPLIT, {"method": "Given"}, "method Given needs splitColumn"),
    "a split by hash, with a column that gives it": (JOB, SPLIT, {"splitColumn": "side"}, "splitColumn with Given"),
    "a split of a method that there is not": (JOB, (*SPLIT, "method"), "Random", "spec.data.split.method: Unsupported value"),
    "validation after the test": (
        JOB,
        SPLIT,
        {**BY_TIME, "validationFrom": "2026-03-01T00:00:01Z"},
        "spec.data.split: Invalid value: validationFrom must be before testFrom",
    ),
    "validation at the very time of the test": (
        JOB,
        SPLIT,
        {**BY_TIME, "validationFrom": "2026-03-01T01:00:00+01:00"},
        "validationFrom must be before testFrom",
    ),
    "validation a second before the test, in another zone": (
        JOB,
        SPLIT,
        {**BY_TIME, "validationFrom": "2026-03-01T00:59:59.5+01:00"},
        None,
    ),
    **{
        f"a test from {text}, which is no moment": (
            JOB,
            SPLIT,
            {**BY_TIME, "testFrom": text},
            "testFrom and validationFrom: give a date such as",
        )
        for text in (
            *("2026-02-29", "2026-04-31", "2026-13-01", "2026-1-1", "20260101", "0026-01-01", "01.03.2026", "yesterday"),
            *("2026-01-01T08:00:00", "2026-01-01 08:00:00Z", "2026-01-01T08:00Z", "2026-01-01T24:00:00Z", "2026-01-01T08:00:60Z"),
            *("2026-01-01T08:00:00z", "2026-01-01T08:00:00+24:00", "2026-01-01T08:00:00.Z", "2026-01-01\n", "٢٠٢٦-٠١-٠١"),
        )
    },
    **{
        f"a test from {text}": (JOB, SPLIT, {**BY_TIME, "testFrom": text, "validationFrom": "1000-01-01"}, None)
        for text in (
            *("2024-02-29", "2000-02-29", "1001-12-31", "2999-12-31", "2026-01-01T08:00:00.123456Z"),
            *("2999-12-31T23:59:59-23:59", "2026-01-01T00:00:00+23:59", "1000-01-02T00:00:00+00:00"),
        )
    },
    "a validation from no time": (JOB, SPLIT, {**BY_TIME, "validationFrom": "2025-02-29"}, "give a date such as 2026-01-31"),
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
    "gates on what pairs are classified by": (
        SCORED,
        ("spec", "evaluation", "suites", 0, "kind"),
        "PairClassification",
        "spec.promotion.gates: Invalid value: every gate needs",
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
    "a line with a reserved name": (JOB, ("spec", "model"), "jobs", "spec.model: Invalid value: cannot be called jobs"),
    "a job's name with points": (JOB, ("metadata", "name"), "search.2026-01", None),
    "a job's name in capitals": (JOB, ("metadata", "name"), "Search", "metadata.name"),
    "a job's name of 254 characters": (JOB, ("metadata", "name"), "a" * 254, "metadata.name"),
    "a field of metadata that there is not": (JOB, ("metadata", "nam"), "search", 'unknown field "metadata.nam"'),
    "a field outside spec": (JOB, ("specs",), {}, 'unknown field "specs"'),
    "a label that is a number": (JOB, ("metadata", "labels"), {"tier": 3}, "cannot unmarshal number"),
    "a label that is no label": (JOB, ("metadata", "labels"), {"tier": "two words"}, "metadata.labels: Invalid value"),
    "a label with a name that cannot be one": (JOB, ("metadata", "labels"), {"two words": "a"}, "metadata.labels: Invalid value"),
    "labels without values": (JOB, ("metadata", "labels"), {"tier": None}, None),
    "no spec": (JOB, ("spec",), None, "spec: Required value"),
    "a version with a number and a uri": (
        VERSION,
        ("spec", "uri"),
        "s3://models/minilm",
        "spec: Invalid value: set exactly one of version and uri",
    ),
    "a version that is nothing": (
        VERSION,
        ("spec",),
        {"model": "search"},
        "spec: Invalid value: set exactly one of version and uri",
    ),
    "a version with half an identity": (
        VERSION,
        ("spec",),
        {"model": "search", "version": 3},
        "spec: Invalid value: version and digest belong together",
    ),
    "a registered version with a digest": (
        SHORTEST["ModelVersion"],
        ("spec", "digest"),
        SHA,
        "spec: Invalid value: version and digest belong together",
    ),
    "a version of a line with a reserved name": (
        VERSION,
        ("spec", "model"),
        "jobs",
        "spec.model: Invalid value: cannot be called",
    ),
    "a registered version on somebody's machine": (
        SHORTEST["ModelVersion"],
        ("spec", "uri"),
        "./minilm",
        "spec.uri: Invalid value: in a cluster, a model is hf://org/name",
    ),
    "a line without a template": (LINE, ("spec",), {}, None),
    "a line that is called like the jobs": (
        LINE,
        ("metadata", "name"),
        "jobs",
        "metadata.name: Invalid value: cannot be called jobs",
    ),
    "a line with points in its name": (LINE, ("metadata", "name"), "search.v2", "metadata.name: Invalid value"),
    "a line's name of 63 characters": (LINE, ("metadata", "name"), "a" * 63, None),
    "a line's name of 64 characters": (LINE, ("metadata", "name"), "a" * 64, "metadata.name"),
    "a template's label with a name that cannot be one": (
        LINE,
        ("spec", "template", "labels"),
        {"two words": "a"},
        "spec.template.labels: Invalid value: a label's name has at most 63 letters",
    ),
    "a template's label of 64 letters": (LINE, ("spec", "template", "labels"), {"a" * 64: "a"}, "spec.template.labels: Invalid"),
    "a template with the name of the line": (
        LINE,
        ("spec", "template", "spec", "model"),
        "search",
        'unknown field "spec.template.spec.model"',
    ),
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
    "a template with half a gate": (
        LINE,
        ("spec", "template", "spec", *GATE[1:]),
        {"metric": "exam/ndcg@10"},
        "spec.template.spec.promotion.gates[0]: Invalid value: set exactly one of min, max and minDelta",
    ),
    "a template with data on somebody's machine": (
        LINE,
        ("spec", "template", "spec", "data", "train", 0, "uri"),
        "train.jsonl",
        "spec.template.spec.data.train[0].uri: Invalid value: in a cluster",
    ),
}


@pytest.mark.parametrize(("kind", "field"), [pytest.param(*of, id=f"{of[0]} {of[1].dotted}") for of in FIELDS])
def test_every_value_of_a_field(server: Server, kind: str, field: Field) -> None:
    told = {
        case.sentence: difference(server, case.document, case.named if case.refused_at else None)
        for case in cases_of(kind, field)
    }
    assert {sentence: how for sentence, how in told.items() if how} == {}


@pytest.mark.parametrize("sentence", ACROSS_FIELDS)
def test_across_fields(server: Server, sentence: str) -> None:
    document, path, value, refusal = ACROSS_FIELDS[sentence]
    assert difference(server, changed(document, path, value), refusal) == ""
    assert refusal is not None or server.would_create(changed(document, path, value)).accepted


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_are_good(server: Server, kind: str) -> None:
    for document in (SHORTEST[kind], *FULL[kind]):
        assert server.would_create(document).message == ""
        assert difference(server, document) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_hold_every_field(kind: str) -> None:
    assert [field.path for field in fields_of(kind) if example_with(kind, field.path) is None] == []
