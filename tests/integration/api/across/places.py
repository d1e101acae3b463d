"""Where models and files lie, and what files without a header are called."""

from integration.api.across.rule import JOB, SCORED, Rules

RULES: Rules = {
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
}
