"""Which part of the model learns, and how fast: `spec.training.tune`."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from embtune_api.base import Document, Resource
from embtune_api.crd.declare import cel

ParameterPattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.*+?|()\[\]\\^$-]+$", min_length=1, max_length=128)]
"""A regular expression in the words that Python and an API server read alike."""
ModuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$", min_length=1, max_length=128)]

NOT_AN_EXPRESSION = "parameters are regular expressions: one of them cannot be read"
NOTHING_FROZEN = "freeze names nothing: give embeddings, layers or parameters"
SCRATCH_ALONE = "fromScratch keeps no weight of the base model: leave out freeze, lora and documentEncoder Frozen"
FEWEST_FROM_SCRATCH = 100_000
"""Rows; with fewer, a model that is trained from nothing is worse than any that is not."""
ADAPTERS_ALONE = "lora leaves every weight of the model as it is and trains matrices of its own: leave out freeze"


class Freeze(Resource):
    """Weights that stay as they are in the base model."""

    embeddings: bool = False
    """What stands before the first layer: word and position embeddings."""
    layers: Annotated[int, Field(ge=0, le=512)] = 0
    """So many of the first layers; one at least must learn."""
    parameters: Annotated[list[ParameterPattern], Field(max_length=16)] = []
    """Regular expressions over the names of parameters, as the model's safetensors files have them: each must be found in some
    name. A name that holds one of them is frozen."""

    @model_validator(mode="after")
    @cel("self.embeddings || self.layers > 0 || self.parameters.size() > 0", NOTHING_FROZEN)
    def _something_is_frozen(self) -> Self:
        if not self.embeddings and self.layers == 0 and not self.parameters:
            raise ValueError(NOTHING_FROZEN)
        return self

    @field_validator("parameters")
    @classmethod
    @cel("self.parameters.all(p, 'weight'.matches(p) in [true, false])", NOT_AN_EXPRESSION, field="parameters")
    def _patterns_can_be_read(cls, parameters: list[str]) -> list[str]:
        for pattern in parameters:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{NOT_AN_EXPRESSION}: {pattern} ({error})") from None
        return parameters


class Lora(Resource):
    """Low-rank adapters beside the model's linear layers learn instead of the layers themselves (Hu et al. 2021). They are merged
    into plain weights when training ends, so the published model is an ordinary folder."""

    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """Of the matrices that learn."""
    alpha: Annotated[float, Field(gt=0, le=4096)] = 32.0
    """What they say counts alpha / rank times."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Of what goes into them, in training."""
    target_modules: Annotated[list[ModuleName], Field(min_length=1, max_length=32)] | None = None
    """Linear layers that get one, by their names or the ends of their names, such as `query` and `value`. Default: all linear
    layers of the transformer's stack, whatever its architecture calls them."""


class Tune(Resource):
    """Which part of the model learns. Left out: all of it, everywhere at the same rate."""

    freeze: Freeze | None = None
    """Weights that do not learn."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] | None = None
    """The last layer learns at learningRate, each layer before it at so much of the rate of the one behind it, and the embeddings
    at the lowest: what is general changes least. Usual: 0.8 to 0.95."""
    lora: Lora | None = None
    """Adapters learn, and nothing else; they take about ten times the learningRate of a full fine-tune."""
    document_encoder: Literal["Tuned", "Frozen"] = "Tuned"
    """Frozen: only the encoder of queries learns, against document vectors of the base model, which stay valid: nothing has to be
    indexed again. The published model has two encoders."""

    from_scratch: bool = False
    """True: the base model's weights are drawn anew, and only its architecture and its tokenizer are kept. It takes 100,000 rows
    at least, and usually millions."""

    @property
    def documents_stay(self) -> bool:
        return self.document_encoder == "Frozen"

    @model_validator(mode="after")
    @cel("!has(self.lora) || !has(self.freeze)", ADAPTERS_ALONE)
    def _adapters_learn_alone(self) -> Self:
        if self.lora is not None and self.freeze is not None:
            raise ValueError(ADAPTERS_ALONE)
        return self

    @model_validator(mode="after")
    @cel("!self.fromScratch || !(has(self.freeze) || has(self.lora) || self.documentEncoder == 'Frozen')", SCRATCH_ALONE)
    def _nothing_is_left_of_the_base(self) -> Self:
        if self.from_scratch and (self.freeze is not None or self.lora is not None or self.documents_stay):
            raise ValueError(SCRATCH_ALONE)
        return self


class TunedPart(Document):
    """How much of the model learnt."""

    parameters: int
    """Of the encoder that was trained, adapters included."""
    trainable: int
    share: float
    """trainable / parameters; 1.0 is a full fine-tune."""
