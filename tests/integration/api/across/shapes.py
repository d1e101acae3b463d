"""What columns make of a source, what sources make together, and which loss learns from that."""

from integration.api.across.rule import BUILD, COLUMNS, JOB, LABELLED, LOSS, SCORED, SOURCE, TRIPLETS, Rules
from integration.api.examples import SHORTEST

RULES: Rules = {
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
    "a time alone": (JOB, COLUMNS, {"time": "sent"}, "the columns make no known data shape"),
    "triplets with a time": (TRIPLETS, (*COLUMNS, "time"), "sent", None),
    "scored pairs with a time": (SCORED, (*COLUMNS, "time"), "sent", None),
    "labelled texts with a time": (LABELLED, (*COLUMNS, "time"), "sent", None),
    "no weight at all": (JOB, ("spec", "data", "train", 0, "weight"), 0, "spec.data.train[0].weight"),
    "a language in words": (JOB, ("spec", "data", "train", 0, "language"), "English", "spec.data.train[0].language"),
    "two sources with labels": (JOB, ("spec", "data", "train"), [SOURCE, SOURCE], None),
    "labels in one of two sources": (
        JOB,
        ("spec", "data", "train"),
        [SOURCE, {"uri": "s3://datasets/more.jsonl"}],
        "spec.data.train: Invalid value: map a label for every source, or for none",
    ),
}
