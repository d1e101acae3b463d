"""Recipes, which together hold every field that a good one can have."""

from typing import Any

Object = dict[str, Any]

_MORE_CHECKS = {
    "wordless": "Fix",
    "outOfScope": "Fail",
    "outOfScopeLabels": ["oos", "none of these"],
    "labelNoise": "Warn",
    "languageMix": "Fix",
    "languages": ["en", "pt-BR"],
    "age": "Fix",
    "maxAgeDays": 365,
    "imbalance": "Fail",
    "maxImbalance": 20.5,
    "tooFew": "Fail",
    "truncated": "Ignore",
    "fragmentation": "Fail",
}
RECIPE: Object = {
    "baseModel": {"uri": "hf://org/model@main", "secretRef": {"name": "hub.token"}},
    "data": {
        "train": [
            {
                "uri": "s3://datasets/train.jsonl",
                "columns": {"anchor": "q", "positive": "a", "label": "topic", "category": "department", "time": "sent"},
                "secretRef": {"name": "datasets"},
                "weight": 2.5,
                "language": "pt-BR",
            }
        ],
        "split": {"validation": 0.2, "test": 0.3, "method": "Hash", "groupBy": "family", "seed": 7},
        "checks": {
            "empty": "Fix",
            "duplicates": "Warn",
            "nearDuplicates": "Fix",
            "conflicts": "Fix",
            "leakage": "Fail",
            "minRows": 100,
            **_MORE_CHECKS,
        },
        "build": {
            "labelledTexts": "Auto",
            "pairsPerText": 3,
            "pairsPerLabel": 500,
            "negatives": "SameCategory",
            "negativesPerPair": 2,
            "seed": 9,
        },
        "mine": {
            "with": "Champion",
            "perQuery": 3,
            "range": {"min": 5, "max": 50},
            "margin": {"absolute": 0.1, "relative": 0.05},
            "maxScore": 0.9,
            "minScore": 0.1,
            "sampling": "Random",
            "crossEncoder": {"uri": "hf://cross-encoder/ms-marco-MiniLM-L6-v2", "maxScore": 0.7},
            "seed": 3,
        },
        "replay": {"ratio": 0.25, "version": {"model": "search", "ref": "3"}, "seed": 5},
        "archive": True,
        "balance": {"by": "Language", "method": "WeightedSampling", "alpha": 0.5, "maxCopies": 4},
        "augment": {
            "methods": ["Typos", "SynonymReplacement", "Paraphrase"],
            "ratio": 0.5,
            "columns": ["anchor", "positive"],
            "share": 0.2,
            "synonyms": {"uri": "s3://datasets/synonyms.tsv", "secretRef": {"name": "datasets"}},
            "paraphrase": {
                "uri": "hf://org/t5-paraphraser",
                "prompt": "paraphrase: ",
                "maxTokens": 32,
                "temperature": 0.5,
            },
            "seed": 4,
        },
    },
    "encoder": {
        "maxSeqLength": 128,
        "prompts": {"query": "query: ", "document": "passage: "},
        "pooling": "Cls",
        "normalize": True,
    },
    "training": {
        "preset": "Auto",
        "loss": {"name": "CachedMultipleNegativesRanking", "scale": 10.5, "miniBatchSize": 16},
        "epochs": 2,
        "batchSize": 128,
        "learningRate": 5e-5,
        "maxSeqLength": 64,
        "tune": {
            "freeze": {"embeddings": True, "layers": 2, "parameters": ["attention[.]self", "LayerNorm"]},
            "layerDecay": 0.9,
            "documentEncoder": "Tuned",
            "fromScratch": False,
        },
        "warmupRatio": 0.2,
        "weightDecay": 0.01,
        "maxGradNorm": 2.5,
        "dropout": 0.05,
        "activationCheckpointing": True,
        "precision": "fp16",
        "checkpointSteps": 50,
        "deterministic": True,
        "seed": 8,
    },
    "evaluation": {
        "suites": [
            {"name": "exam", "kind": "Retrieval", "cutoffs": [1, 10], "compressed": [{"dimension": 64, "precision": "int8"}]}
        ],
        "slices": [
            {"by": "Column", "column": "department", "values": ["billing", "shipping, returns"]},
            {"by": "Language"},
            {"by": "Length", "buckets": [40, 80]},
        ],
        "precision": "bf16",
        "cost": {"rounds": 20, "queries": 100, "documents": 500, "batchSize": 64},
    },
    "promotion": {
        "policy": "Manual",
        "gates": [
            {"metric": "exam/ndcg@10", "min": 0.5, "confidence": 0.9, "slice": "department=billing", "dryRun": True},
            {"metric": "exam/mrr@1", "minDelta": -0.25, "against": "Production", "slice": "language=*"},
        ],
        "onReindex": "Promote",
    },
    "runtime": {
        "profile": "gpu-small",
        "nodes": 2,
        "gpusPerNode": 1,
        "processesPerNode": 4,
        "maxAttempts": 5,
        "deadlineSeconds": 3600,
    },
    "suspend": True,
    "ttlSecondsAfterFinished": 600,
}


def _split(**split: Any) -> Object:
    return {**RECIPE["data"], "split": split}


_OTHERWISE: Object = {
    **RECIPE,
    "data": _split(method="Time", timeColumn="sent", testFrom="2026-01-31T08:00:00+01:00", validationFrom="2026-01-01"),
    "baseModel": {"version": {"model": "search", "ref": "3"}},
    "promotion": {"gates": [{"metric": "exam/map@10", "max": 0.99}]},
}
_AGAINST: Object = {
    **RECIPE,
    "data": _split(method="Given", splitColumn="side"),
    "promotion": {"gates": [{"metric": "exam/mrr@1", "minDelta": -0.25, "against": "Production"}]},
}
_STRATIFIED: Object = {
    **RECIPE,
    "data": {
        **_split(method="Stratified", stratifyBy="language", test=0.1),
        "balance": {"by": "Label", "method": "Undersample", "rowsPerClass": 50},
    },
}
_LABELLED: Object = {
    **RECIPE,
    "data": {
        "train": [{"uri": "s3://datasets/tickets.csv.gz", "columns": {"text": "ticket", "label": "queue"}}],
        "build": {"labelledTexts": "Pairs"},
    },
}
_TRIPLETS: Object = {
    **RECIPE,
    "data": {"train": [{"uri": "s3://datasets/t.jsonl", "columns": {"anchor": "q", "positive": "a", "negative": "n"}}]},
    "encoder": {"prompts": {"query": "query: "}},
    "training": {
        "loss": {"name": "Triplet", "margin": 2.5},
        "tune": {
            "lora": {"rank": 8, "alpha": 16.5, "dropout": 0.1, "targetModules": ["query", "attention.output.dense"]},
            "documentEncoder": "Frozen",
        },
        "microBatchSize": 24,
    },
}
_TAUGHT: Object = {
    **_TRIPLETS,
    "training": {
        "loss": {"name": "MarginMSE", "teacher": {"uri": "hf://cross-encoder/ms-marco-MiniLM-L6-v2"}},
        "matryoshka": {"dims": [384, 128, 64], "weights": [1.0, 0.5, 0.25]},
    },
}
_GUIDED: Object = {
    **RECIPE,
    "training": {"loss": {"name": "CachedGIST", "margin": 0.05, "teacher": {"version": {"model": "search", "ref": "2"}}}},
}
_HEADLESS: Object = {
    "uri": "s3://datasets/sts.csv",
    "header": ["a", "b", "s"],
    "columns": {"sentence1": "a", "sentence2": "b", "score": "s"},
}
_SCORED: Object = {
    **RECIPE,
    "data": {"train": [_HEADLESS]},
    "training": {"loss": {"name": "CoSENT"}},
    "evaluation": {"suites": [{"name": "sts", "kind": "SemanticSimilarity"}], "slices": [{"by": "Length", "buckets": [40]}]},
    "promotion": {"gates": [{"metric": "sts/spearman", "minDelta": 0.01, "against": "Base"}]},
}
_FROM_NOTHING: Object = {
    **RECIPE,
    "training": {
        "tune": {"fromScratch": True, "layerDecay": 0.9},
        "evaluationSteps": 20,
        "earlyStopping": {"metric": "mrr@10", "patience": 5, "minDelta": 0.001},
    },
}
SHORT: Object = {"baseModel": {"uri": "s3://models/minilm"}, "data": {"train": [{"uri": "s3://datasets/train.jsonl"}]}}


_TUNED = {"freeze": {"embeddings": True, "layers": 2, "parameters": ["LayerNorm"]}}
_LORA = {"rank": 8, "alpha": 16.5, "dropout": 0.1, "targetModules": ["query"]}


def _tried(loss: str, tune: Object) -> Object:
    training = {
        "loss": loss,
        "matryoshka": {"dims": [384, 64], "weights": [1.0, 0.5]},
        "tune": {**tune, "documentEncoder": "Tuned"},
    }
    encoder = {
        "maxSeqLength": 128,
        "prompts": {"query": "query: ", "document": "passage: "},
        "pooling": "Mean",
        "normalize": True,
    }
    small = {
        "name": "small",
        "baseModel": {"uri": "hf://org/small", "secretRef": {"name": "hub.token"}},
        "encoder": encoder,
        "training": {**training, "epochs": 2, "batchSize": 64, "learningRate": 5e-5},
    }
    budget = {**RECIPE["runtime"], "candidatesSeconds": 3600}
    return {**RECIPE, "candidates": [small, {"name": "as-it-is"}], "runtime": budget}


_TRIED = (
    _tried("MultipleNegativesSymmetricRanking", _TUNED),
    _tried("Auto", {"lora": _LORA}),
    _tried("Auto", {"layerDecay": 0.9, "fromScratch": False}),
)


def _asks(gate: str, **suite: Any) -> Object:
    """A second suite with data of its own, or a cross-encoder, and a gate on it."""
    gates = [{"metric": f"web/{gate}", "minDelta": -0.02, "against": "Base"}]
    return {**SHORT, "evaluation": {"suites": [{"name": "test"}, {"name": "web", **suite}]}, "promotion": {"gates": gates}}


_DATASETS: Object = {"secretRef": {"name": "datasets"}}
_PAIRS = {"anchor": "q", "positive": "a", "label": "topic", "category": "department", "time": "sent"}
_SUITES: tuple[Object, ...] = (
    _asks(
        "ndcg@5",
        kind="Reranking",
        guard=True,
        cutoffs=[3, 5],
        data={"uri": "s3://datasets/web.jsonl", "columns": _PAIRS, "groupBy": "page", **_DATASETS},
        reranking={"crossEncoder": {"uri": "hf://org/reader", "secretRef": {"name": "hub"}}, "depth": 20},
    ),
    _asks(
        "macro-f1",
        kind="Classification",
        data={"uri": "s3://datasets/test.csv", "header": ["t", "l"], "columns": {"text": "t", "label": "l"}},
        classification={
            "by": "Neighbours",
            "neighbours": 3,
            "outOfScope": "oos",
            "reference": {
                "uri": "s3://datasets/known.csv",
                "header": ["text", "intent"],
                "text": "text",
                "label": "intent",
                **_DATASETS,
            },
        },
    ),
    _asks("pearson", kind="SemanticSimilarity", data=_HEADLESS, compressed=[{"dimension": 128, "precision": "int8"}]),
    _asks(
        "accuracy",
        kind="Triplet",
        data={"uri": "s3://datasets/t.jsonl", "columns": {"anchor": "q", "positive": "a", "negative": "n"}},
    ),
    _asks(
        "ndcg@10",
        beir={
            "corpus": "s3://datasets/corpus.jsonl",
            "queries": "s3://datasets/queries.jsonl",
            "qrels": "s3://datasets/qrels.tsv",
            **_DATASETS,
        },
    ),
)


def _beside(name: str, columns: Object, loss: Object, **source: Any) -> Object:
    """An auxiliary set."""
    one = {"name": name, "train": {"uri": f"s3://datasets/{name}.csv", "columns": columns, **source}, "loss": loss}
    return {**SHORT, "data": {**SHORT["data"], "auxiliary": [one]}}


_SETS = (
    _beside("faq", _PAIRS, {"name": "MultipleNegativesRanking", "scale": 10.5}, weight=2.5, language="en", **_DATASETS),
    _beside("hard", {"anchor": "q", "positive": "a", "negative": "n"}, {"name": "Triplet", "margin": 2.5}),
    _beside("sts", _HEADLESS["columns"], {"name": "CoSENT"}, header=_HEADLESS["header"]),
    _beside("tickets", {"text": "ticket", "label": "queue"}, {}),
)
RECIPES = (
    RECIPE,
    _OTHERWISE,
    _AGAINST,
    _STRATIFIED,
    *_SUITES,
    _FROM_NOTHING,
    *_SETS,
    *_TRIED,
    _TAUGHT,
    _GUIDED,
    _TRIPLETS,
    _SCORED,
    _LABELLED,
)
