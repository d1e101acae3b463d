"""The loss, its teacher, and when training looks and stops."""

from integration.api.across.rule import JOB, LABELLED, LOSS, SCORED, TRIPLETS, Rules
from integration.api.examples import SHORTEST

RULES: Rules = {
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
    "texts as long as most of them are": (TRIPLETS, ("spec", "training", "maxSeqLength"), "Auto", None),
    "as long as most of them are, where the model reads little": (
        JOB,
        ("spec", "training"),
        {"loss": {"name": "Auto"}, "maxSeqLength": "Auto"},
        None,
    ),
    "texts as long as somebody else finds right": (
        TRIPLETS,
        ("spec", "training", "maxSeqLength"),
        "auto",
        'spec.training.maxSeqLength: Invalid value: "auto": spec.training.maxSeqLength in body should match',
    ),
    "a length in words": (TRIPLETS, ("spec", "training", "maxSeqLength"), "64", "spec.training.maxSeqLength: Invalid value"),
    "as many texts at once as fit": (TRIPLETS, ("spec", "training", "microBatchSize"), "Auto", None),
    "as many texts at once as fit, of a loss that has a number": (
        TRIPLETS,
        ("spec", "training"),
        {"loss": {"name": "CachedMultipleNegativesRanking"}, "microBatchSize": "Auto"},
        "spec.training.microBatchSize: Invalid value: a Cached loss has its own size",
    ),
    "as many texts at once as somebody else finds right": (
        TRIPLETS,
        ("spec", "training", "microBatchSize"),
        "max",
        'spec.training.microBatchSize: Invalid value: "max": spec.training.microBatchSize in body should match',
    ),
    "no text at once": (TRIPLETS, ("spec", "training", "microBatchSize"), 0, "spec.training.microBatchSize: Invalid value"),
    "texts that are trained on and not read": (
        JOB,
        ("spec", "training", "maxSeqLength"),
        129,
        "spec.training.maxSeqLength: Invalid value: training.maxSeqLength is above encoder.maxSeqLength",
    ),
}
