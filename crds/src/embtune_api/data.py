"""What the model learns from: sources, and everything that `prepare` does with them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from embtune_api import auxiliary as beside
from embtune_api.augment import COLUMNS, KEEPS_WORDS, Augment
from embtune_api.auxiliary import AuxiliarySet
from embtune_api.balance import Balance
from embtune_api.base import Resource
from embtune_api.build import Build
from embtune_api.checks import Checks
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.mine import Mine
from embtune_api.replay import Replay
from embtune_api.sources import DataSource
from embtune_api.split import Split


class Data(Resource):
    """What the model learns from, and how it is checked and divided."""

    train: Annotated[list[DataSource], Field(min_length=1, max_length=32)]
    """Sources; their rows are taken together."""
    split: Split = Split(method="Hash")  # spelled out: an API server puts defaults to the rules as they are written
    checks: Checks = Checks(language_mix="Warn")
    build: Build = Build(labelled_texts="Auto", negatives="None")
    mine: Mine | None = None
    """Hard negatives for the rows to train on; None: none are looked for."""
    replay: Replay | None = None
    """Rows that an earlier version was trained on, beside the new ones; None: none."""
    archive: bool = False
    """True: the line keeps a copy of every source file, and of the rows that are trained on, which later jobs may replay. They
    outlive the job, and the version."""
    balance: Balance | None = None
    """How often rows of each class are trained on; None: each once, but for its source's weight."""
    augment: Augment | None = None
    """New rows made of those to train on; None: none are made."""
    auxiliary: Annotated[list[AuxiliarySet], Field(min_length=1, max_length=4)] | None = None
    """Data sets to train on beside these rows, each with a loss of its own; None: there are none."""

    @model_validator(mode="after")
    @cel(
        expressions.ONE_KIND,
        "sources go together where all are pairs or triplets, all scored pairs, or all labelled texts",
        field="train",
    )
    def _sources_go_together(self) -> Self:
        shapes = [source.columns.shape for source in self.train]
        for number, shape in enumerate(shapes):
            if shape != shapes[0] and {shape, shapes[0]} != {"pairs", "triplets"}:
                raise ValueError(
                    f"train[0] maps {shapes[0]} and train[{number}] {shape}: sources go together where all are pairs or "
                    f"triplets, all scored pairs, or all labelled texts"
                )
        return self

    @model_validator(mode="after")
    @cel(beside.CEL_NAMES, beside.ONE_NAME, field="auxiliary")
    def _auxiliary_sets_have_names_of_their_own(self) -> Self:
        if not beside.have_own_names(self.auxiliary or []):
            raise ValueError(beside.ONE_NAME)
        return self

    @model_validator(mode="after")
    @cel(
        "self.build.negatives == 'None' ? !self.train.exists(s, has(s.columns.category))"
        " : self.train.all(s, has(s.columns.category))",
        "columns.category and build.negatives: SameCategory belong together: map a category for every source, or for none",
        field="build",
    )
    def _categories_are_mapped(self) -> Self:
        mapped = {source.columns.category is not None for source in self.train}
        if mapped != {self.build.negatives == "SameCategory"}:
            raise ValueError(
                "columns.category and build.negatives: SameCategory belong together: map a category for every source, or for none"
            )
        return self

    @model_validator(mode="after")
    @cel(
        f"self.build.labelledTexts == 'Auto' || self.train.all(s, {expressions.has_shape('s.columns', 'labelled texts')})",
        "build.labelledTexts is for labelled texts: map the columns text and label",
        field="build",
    )
    def _labelled_texts_are_mapped(self) -> Self:
        if self.build.labelled_texts != "Auto" and any(source.columns.shape != "labelled texts" for source in self.train):
            raise ValueError("build.labelledTexts is for labelled texts: map the columns text and label")
        return self

    @model_validator(mode="after")
    @cel(
        "!has(self.mine) || self.build.labelledTexts in ['Pairs', 'Triplets'] || self.train.all(s, has(s.columns.anchor))",
        "mine is for pairs and triplets, and for labelled texts that build.labelledTexts makes Pairs or Triplets of",
        field="mine",
    )
    def _negatives_are_mined_for_anchors(self) -> Self:
        built = self.build.labelled_texts in ("Pairs", "Triplets")
        if self.mine and not built and any(source.columns.anchor is None for source in self.train):
            raise ValueError(
                "mine is for pairs and triplets, and for labelled texts that build.labelledTexts makes Pairs or Triplets of"
            )
        return self

    @model_validator(mode="after")
    @cel(
        "!has(self.augment) || !has(self.augment.columns) || self.train.all(s, {})".format(
            " && ".join(f"(!('{column}' in self.augment.columns) || has(s.columns.{column}))" for column in COLUMNS)
        ),
        "augment.columns names columns that every source maps",
        field="augment",
    )
    def _augmented_columns_are_mapped(self) -> Self:
        for column in (self.augment.columns or []) if self.augment else []:
            for number, source in enumerate(self.train):
                if getattr(source.columns, column) is None:
                    raise ValueError(f"augment.columns names columns that every source maps: train[{number}] maps no {column}")
        return self

    @model_validator(mode="after")
    @cel(
        "!has(self.augment) || !self.train.exists(s, has(s.columns.score)) || "
        f"self.augment.methods.all(m, m in {list(KEEPS_WORDS)})",
        f"scored pairs are augmented by {' and '.join(KEEPS_WORDS)} alone: with other words a pair has another score",
        field="augment",
    )
    def _scores_stay_right(self) -> Self:
        scored = any(source.columns.score is not None for source in self.train)
        if self.augment and scored and not set(self.augment.methods) <= set(KEEPS_WORDS):
            raise ValueError(
                f"scored pairs are augmented by {' and '.join(KEEPS_WORDS)} alone: with other words a pair has another score"
            )
        return self

    @model_validator(mode="after")
    @cel(
        "self.train.all(s, has(s.columns.label)) || !self.train.exists(s, has(s.columns.label))",
        "map a label for every source, or for none",
        field="train",
    )
    def _labels_everywhere_or_nowhere(self) -> Self:
        if len({source.columns.label is None for source in self.train}) > 1:
            raise ValueError("map a label for every source, or for none")
        return self

    @model_validator(mode="after")
    @cel(
        "!has(self.balance) || (self.balance.by == 'Language' ? self.train.all(s, has(s.language))"
        " : (self.train.all(s, has(s.columns.label)) || self.train.all(s, has(s.columns.category))))",
        "balance by Label needs a label or a category column in every source, by Language a language of every source",
        field="balance",
    )
    def _classes_are_known(self) -> Self:
        if self.balance is None:
            return self
        if self.balance.by == "Language":
            known = all(source.language is not None for source in self.train)
        else:
            columns = [source.columns for source in self.train]
            known = all(one.label is not None for one in columns) or all(one.category is not None for one in columns)
        if not known:
            raise ValueError(
                "balance by Label needs a label or a category column in every source, by Language a language of every source"
            )
        return self

    @model_validator(mode="after")
    @cel(
        "self.split.method != 'Stratified' || has(self.split.stratifyBy) || self.train.all(s, has(s.columns.label))",
        "method Stratified needs split.stratifyBy, or a label column in every source",
        field="split",
    )
    def _strata_are_named(self) -> Self:
        labelled = all(source.columns.label is not None for source in self.train)
        if self.split.method == "Stratified" and self.split.stratify_by is None and not labelled:
            raise ValueError(
                "split.method Stratified needs split.stratifyBy, the column whose values keep their shares on every side; only "
                "data with a label column can do without"
            )
        return self
