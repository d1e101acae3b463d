"""New rows made of those to train on: `spec.data.augment`.

Synonyms, deletion and swaps are those of EDA (Wei, Zou: EDA: Easy Data Augmentation Techniques for Boosting Performance on
Text Classification Tasks, EMNLP 2019).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from embtune_api.base import Resource
from embtune_api.crd.declare import cel
from embtune_api.names import Uri
from embtune_api.places import DataFile, OutsideModel

AugmentMethod = Literal["SynonymReplacement", "RandomDeletion", "RandomSwap", "Typos", "Casing", "Paraphrase"]
AugmentColumn = Literal["anchor", "positive", "text", "sentence1", "sentence2"]
COLUMNS: tuple[AugmentColumn, ...] = get_args(AugmentColumn)
KEEPS_WORDS: tuple[AugmentMethod, ...] = ("Typos", "Casing")
"""Methods that leave every word the word that it was, so that a score stays right."""


class SynonymFile(DataFile):
    """A file of synonyms, with the columns `word` and `synonyms`: .jsonl, .csv or .tsv, each also as .gz or .zst, or .parquet."""


class Paraphrase(OutsideModel):
    """A sequence-to-sequence model that says a text in other words."""

    uri: Uri
    """`hf://org/name`, `s3://bucket/prefix`, or a folder (local runs only): a model of transformers for text to text, such as
    T5 or BART, in safetensors; read with the base model's secretRef."""
    prompt: Annotated[str, StringConstraints(max_length=256)] = ""
    """Stands before each text, for models that are told what to do, such as `paraphrase: `."""
    max_tokens: Annotated[int, Field(ge=4, le=512)] = 64
    """Of a paraphrase: one that is not at its end by then is dropped."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.7
    """0: always the likeliest next word. The higher, the more often less likely words are drawn."""


class Augment(Resource):
    """New rows, each a row to train on with a changed text; its label, score, negatives and group are kept. Validation rows and
    the exam are never changed, and no text is made that is one of theirs."""

    methods: Annotated[list[AugmentMethod], Field(min_length=1, max_length=12)]
    """How texts are changed. They take turns; one that stands here twice has two. Scored pairs: Typos and Casing alone."""
    ratio: Annotated[float, Field(gt=0, le=4)] = 1.0
    """New rows for each row to train on, on average."""
    columns: Annotated[list[AugmentColumn], Field(min_length=1, max_length=2)] | None = None
    """Which texts of a row are changed. Default: anchor, text or sentence1. Of pairs that are made of labelled texts, `text` is
    the one that they begin with."""
    share: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    """Of the words of a text that are changed, at least one; Casing and Paraphrase change the whole text."""
    synonyms: SynonymFile | None = None
    """SynonymReplacement: which words may stand for which."""
    paraphrase: Paraphrase | None = None
    """Paraphrase: by which model."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Another seed changes other words in other ways."""

    @model_validator(mode="after")
    @cel(
        "has(self.synonyms) == ('SynonymReplacement' in self.methods)",
        "the method SynonymReplacement and synonyms belong together: give both, or none",
    )
    def _synonyms_are_given(self) -> Self:
        if (self.synonyms is not None) != ("SynonymReplacement" in self.methods):
            raise ValueError("the method SynonymReplacement and synonyms belong together: give both, or none")
        return self

    @model_validator(mode="after")
    @cel(
        "has(self.paraphrase) == ('Paraphrase' in self.methods)",
        "the method Paraphrase and paraphrase belong together: give both, or none",
    )
    def _a_paraphraser_is_given(self) -> Self:
        if (self.paraphrase is not None) != ("Paraphrase" in self.methods):
            raise ValueError("the method Paraphrase and paraphrase belong together: give both, or none")
        return self
