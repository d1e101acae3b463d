"""Auxiliary sets: their names, their losses, and what they do not go with."""

from integration.api.across.rule import LINE, Rules
from integration.api.examples import FULL, value_at
from integration.api.fields import Path

AUXILIARY: Path = ("spec", "data", "auxiliary")
PAIRS, HARD, STS, TICKETS = (document for document in FULL["FineTuneJob"] if "auxiliary" in document["spec"]["data"])
LOSS: Path = (*AUXILIARY, 0, "loss")
ALL = [value_at(document, (*AUXILIARY, 0)) for document in (PAIRS, HARD, STS, TICKETS)]

RULES: Rules = {
    "four auxiliary sets": (PAIRS, AUXILIARY, ALL, None),
    "five auxiliary sets": (PAIRS, AUXILIARY, [*ALL, {**ALL[0], "name": "more"}], "spec.data.auxiliary"),
    "two auxiliary sets of one name": (
        PAIRS,
        AUXILIARY,
        [ALL[0], {**ALL[1], "name": ALL[0]["name"]}],
        "spec.data.auxiliary: Invalid value: auxiliary sets have names of their own, and none of them is main",
    ),
    "an auxiliary set that is called as the main rows are": (
        PAIRS,
        (*AUXILIARY, 0, "name"),
        "main",
        "spec.data.auxiliary: Invalid value: auxiliary sets have names of their own, and none of them is main",
    ),
    "an auxiliary set with a teacher": (
        PAIRS,
        LOSS,
        {"name": "GIST"},
        "spec.data.auxiliary[0].loss.name: Invalid value: an auxiliary set has no loss with a teacher",
    ),
    "an auxiliary set that translates": (
        PAIRS,
        LOSS,
        {"name": "MSE"},
        "spec.data.auxiliary[0].loss.name: Invalid value: an auxiliary set has no loss with a teacher",
    ),
    "an auxiliary set that follows a cross-encoder": (
        HARD,
        LOSS,
        {"name": "MarginMSE"},
        "spec.data.auxiliary[0].loss.name: Invalid value: an auxiliary set has no loss with a teacher",
    ),
    "an auxiliary set with a Cached loss": (
        PAIRS,
        LOSS,
        {"name": "CachedMultipleNegativesRanking"},
        "spec.data.auxiliary[0].loss.name: Invalid value: how many texts are in memory at once holds for all sets",
    ),
    "an auxiliary set whose loss is of other data": (
        STS,
        LOSS,
        {"name": "MultipleNegativesRanking"},
        "spec.data.auxiliary[0].loss: Invalid value: the loss of an auxiliary set learns from the columns of its rows",
    ),
    "labelled texts of which an auxiliary set would have to make pairs": (
        TICKETS,
        LOSS,
        {"name": "MultipleNegativesRanking"},
        "spec.data.auxiliary[0].loss: Invalid value: the loss of an auxiliary set learns from the columns of its rows",
    ),
    "an auxiliary set of pairs whose loss wants triplets": (
        PAIRS,
        LOSS,
        {"name": "Triplet"},
        "spec.data.auxiliary[0].loss: Invalid value: the loss of an auxiliary set learns from the columns of its rows",
    ),
    "a margin for an auxiliary loss without one": (
        PAIRS,
        (*LOSS, "margin"),
        0.5,
        "spec.data.auxiliary[0].loss.margin: Invalid value: margin is for the losses",
    ),
    "an auxiliary set whose columns are of no shape": (
        PAIRS,
        (*AUXILIARY, 0, "train", "columns"),
        {"anchor": "q", "label": "l"},
        "spec.data.auxiliary[0].train.columns: Invalid value: the columns make no known data shape",
    ),
    "an auxiliary set on somebody's machine": (
        PAIRS,
        (*AUXILIARY, 0, "train", "uri"),
        "sts.jsonl",
        "spec.data.auxiliary[0].train.uri: Invalid value: in a cluster",
    ),
    "auxiliary labelled texts in batches that are too small for several labels": (
        TICKETS,
        ("spec", "training"),
        {"batchSize": 4},
        "spec.training.batchSize: Invalid value: an auxiliary set of labelled texts compares texts of several labels",
    ),
    "auxiliary pairs in small batches": (PAIRS, ("spec", "training"), {"batchSize": 4}, None),
    "auxiliary sets and frozen documents": (
        PAIRS,
        ("spec", "training"),
        {"tune": {"documentEncoder": "Frozen"}},
        "spec.data.auxiliary: Invalid value: auxiliary sets train one encoder for all texts",
    ),
    "auxiliary sets and candidates": (
        PAIRS,
        ("spec", "candidates"),
        [{"name": "a"}, {"name": "b", "training": {"epochs": 2}}],
        "spec.data.auxiliary: Invalid value: auxiliary sets are not for a job with candidates",
    ),
    "auxiliary sets beside a loss with a teacher": (PAIRS, ("spec", "training"), {"loss": {"name": "GIST"}}, None),
    "a template with two auxiliary sets of one name": (
        LINE,
        ("spec", "template", "spec", "data", "auxiliary"),
        [ALL[0], ALL[0]],
        "spec.template.spec.data.auxiliary: Invalid value: auxiliary sets have names of their own",
    ),
}
