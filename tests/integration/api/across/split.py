"""How rows are divided."""

from integration.api.across.rule import JOB, SPLIT, Rules
from integration.api.examples import SHORTEST

BY_TIME = {"method": "Time", "timeColumn": "sent", "testFrom": "2026-03-01"}

RULES: Rules = {
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
}
