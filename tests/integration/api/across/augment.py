"""New rows made of others."""

from integration.api.across.rule import AUGMENT, JOB, LABELLED, SCORED, TRIPLETS, Rules

RULES: Rules = {
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
}
