"""What is looked for in the data, and what happens on each finding: `spec.data.checks`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from embtune_api.base import Resource

CheckAction = Literal["Fail", "Fix", "Warn", "Ignore"]


class Checks(Resource):
    """What happens on each finding: Fail refuses the job, Fix removes the rows, Warn reports them, Ignore is silent."""

    empty: Literal["Fail", "Fix"] = "Fail"
    """Rows in which a mapped column is missing, blank, longer than a million characters or not a text, or the split's time cannot
    be read."""
    duplicates: CheckAction = "Fix"
    """Rows whose normalised texts all occurred before."""
    near_duplicates: CheckAction = "Warn"
    """Rows to train on that nearly repeat another: the same label and score, and each text at Jaccard 0.8 or more of character
    4-grams with the other's. Fix keeps the first of them by content, whatever the order of the source."""
    conflicts: CheckAction = "Warn"
    """The same normalised anchor under two labels (pairs with a label column)."""
    leakage: CheckAction = "Fix"
    """Training rows that match the exam: the same text, a near-duplicate, or the same group."""
    wordless: CheckAction = "Warn"
    """Rows whose anchor, first sentence or text has no letter and no digit: emoji, punctuation."""
    out_of_scope: CheckAction = "Warn"
    """Rows with one of `outOfScopeLabels`: they have no more in common than that they fit nowhere, and what is built of labels
    would teach that they are alike."""
    out_of_scope_labels: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=256)]], Field(max_length=64)
    ] = []
    """Labels that say that a text fits nowhere, such as `oos`."""
    label_noise: CheckAction = "Ignore"
    """Rows to train on whose label the most similar texts do not share, by embeddings of the base model; takes about as long as
    embedding every text."""
    min_rows: Annotated[int, Field(ge=2, le=1_000_000_000)] = 200
    """Fewer usable rows than this refuse the job."""
