"""What is looked for in the data, and what happens on each finding: `spec.data.checks`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from embtune_api.base import Resource
from embtune_api.crd.declare import cel
from embtune_api.names import LanguageTag

CheckAction = Literal["Fail", "Fix", "Warn", "Ignore"]
NotedAction = Literal["Fail", "Warn", "Ignore"]
"""What is wrong with the data as a whole cannot be removed from it."""


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
    language_mix: CheckAction = "Warn"
    """Rows with a text that is in none of `languages`, or whose anchor is not in the `language` of its source; nothing is looked
    at where the job says neither. Fix removes rows with texts in other languages than `languages`."""
    languages: Annotated[list[LanguageTag], Field(max_length=32)] = []
    """Languages that texts may be in, such as en or pt-BR; texts that are too short to tell are left alone."""
    age: CheckAction = "Warn"
    """Rows to train on that are older than maxAgeDays, where columns.time or split.timeColumn says how old they are."""
    max_age_days: Annotated[int, Field(ge=1, le=36_500)] = 730
    """Before the day on which prepare runs."""
    imbalance: NotedAction = "Warn"
    """Labels (or categories) to train on of which the largest has more than maxImbalance times the rows of the smallest."""
    max_imbalance: Annotated[float, Field(ge=1, le=1_000_000)] = 10.0
    """Times the rows of the smallest label."""
    too_few: NotedAction = "Warn"
    """Fewer rows than the loss can learn from: fewer than 100, than one batch, or texts that are alone with their label."""
    truncated: NotedAction = "Warn"
    """More than a twentieth of the rows to train on have a text that is longer than training.maxSeqLength, or than what the base
    model reads."""
    fragmentation: NotedAction = "Warn"
    """The base model's tokenizer does not know the words of the texts: it takes them apart, or has nothing for them."""
    min_rows: Annotated[int, Field(ge=2, le=1_000_000_000)] = 200
    """Fewer usable rows than this refuse the job."""

    @model_validator(mode="after")
    @cel("self.languageMix != 'Fix' || self.languages.size() > 0", "languageMix: Fix needs languages", field="languageMix")
    def _languages_to_keep_are_listed(self) -> Self:
        if self.language_mix == "Fix" and not self.languages:
            raise ValueError("languageMix: Fix needs languages: those that rows may be in")
        return self
