"""What a loaded model reads and gives: brought to what a job says, and compared with it."""

from collections.abc import Sequence
from typing import get_args

from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Router
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from torch import nn

from embtune_api.encoder import Encoder, EncoderSettings
from embtune_api.encoder import Pooling as PoolingWord
from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_trainer.prompts import DOCUMENT_PROMPTS, NO_SIDE, QUERY_PROMPTS, prompt_for

_MODES = dict(
    zip(get_args(PoolingWord), ("mean", "cls", "max", "lasttoken", "mean_sqrt_len_tokens", "weightedmean"), strict=True)
)
"""sentence-transformers' own words"""


def settings_of(model: SentenceTransformer) -> EncoderSettings:
    """Of a model of two encoders: that of queries, and the prompts of both."""
    first = model[0]
    modules = list(first.sub_modules["query"].children()) if isinstance(first, Router) else list(model)
    pooling = _pooling(modules)
    modes = () if pooling is None else (pooling.pooling_mode,) if isinstance(pooling.pooling_mode, str) else pooling.pooling_mode
    return EncoderSettings(
        max_seq_length=modules[0].max_seq_length,
        query_prompt=prompt_of(model, QUERY_PROMPTS),
        document_prompt=prompt_of(model, DOCUMENT_PROMPTS),
        other_prompt=prompt_of(model, NO_SIDE),
        pooling="+".join(modes),
        normalize=any(isinstance(module, Normalize) for module in modules),
        dimension=model.get_embedding_dimension() or 0,
        frozen_documents=isinstance(first, Router),
    )


def prompt_of(model: SentenceTransformer, names: Sequence[str]) -> str:
    """What the model puts before texts of the first of these names that it has; else before any text."""
    return prompt_for(names, model.prompts, model.default_prompt_name)


def dress(model: SentenceTransformer, encoder: Encoder | None) -> None:
    """Bring a model of one encoder to what the job says of the published one. What is saved of it then says the same.

    Raises:
        InvalidInput: its architecture cannot do that.
    """
    if encoder is None:
        return
    if encoder.max_seq_length is not None:
        _refuse_longer(model, encoder.max_seq_length)
        model.max_seq_length = encoder.max_seq_length
    if encoder.pooling is not None:
        _pool(model, _MODES[encoder.pooling])
    if encoder.normalize is not None:
        _normalize(model, encoder.normalize)
    given = {} if encoder.prompts is None else {"query": encoder.prompts.query, "document": encoder.prompts.document}
    model.prompts |= {name: text for name, text in given.items() if text is not None}
    pooling = _pooling(list(model))
    if pooling is not None and not pooling.include_prompt and any(model.prompts.values()):
        raise InvalidInput(
            "encoder.prompts: the base model's pooling leaves prompts out (include_prompt: false), and training does not tell it "
            "where they end. Leave encoder.prompts out, or take another base model."
        )


def refuse_other(model: SentenceTransformer, wanted: EncoderSettings, whose: str) -> None:
    """
    Raises:
        EmbtuneError: the loaded model reads or gives something else than the job says; tells each difference.
    """
    found = settings_of(model)
    differences = [
        f"{name} is {getattr(found, name)!r} instead of {said!r}" for name, said in wanted if getattr(found, name) != said
    ]
    if differences:
        raise EmbtuneError(
            f"the {whose} does not load as its job says: {', '.join(differences)}. What is trained would not be what is served; "
            f"train again, and if it stays so, report it."
        )


def transformer_of(model: SentenceTransformer) -> nn.Module:
    """What transformers loads: its parameters have the names of the safetensors file."""
    transformer = model[0].auto_model
    assert isinstance(transformer, nn.Module)
    return transformer


def longest_text(model: SentenceTransformer) -> int | None:
    """Tokens that the model has positions for; None: as many as one likes."""
    transformer = transformer_of(model)
    positions = next((m for name, m in transformer.named_modules() if name.endswith("position_embeddings")), None)
    if isinstance(positions, nn.Embedding):
        unused = 0 if positions.padding_idx is None else positions.padding_idx + 1  # as RoBERTa counts
        return positions.num_embeddings - unused
    limit = getattr(getattr(transformer, "config", None), "max_position_embeddings", None)
    return int(limit) if limit else None


def _refuse_longer(model: SentenceTransformer, wanted: int) -> None:
    longest = longest_text(model)
    if longest is not None and wanted > longest:
        raise InvalidInput(
            f"encoder.maxSeqLength: the base model has positions for {longest} tokens, not for {wanted}. Give at most {longest}, "
            f"or take a base model that reads more."
        )


def _pooling(modules: Sequence[nn.Module]) -> Pooling | None:
    return next((module for module in modules if isinstance(module, Pooling)), None)


def _pool(model: SentenceTransformer, mode: str) -> None:
    old = _pooling(list(model))
    if old is None or not isinstance(old.pooling_mode, str):
        raise InvalidInput(
            "encoder.pooling: the base model does not make its vectors by one pooling, so it cannot be given another. Leave "
            "encoder.pooling out, or take another base model."
        )
    place = list(model).index(old)
    model[place] = Pooling(old.embedding_dimension, pooling_mode=mode, include_prompt=old.include_prompt)


def _normalize(model: SentenceTransformer, wanted: bool) -> None:
    places = [place for place, module in enumerate(model) if isinstance(module, Normalize)]
    if wanted and not places:
        model.append(Normalize())
    if not wanted:
        for place in reversed(places):
            del model[place]
