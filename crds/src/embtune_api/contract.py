"""The embedding contract: what whoever keeps vectors of a model, or asks it for some, relies on."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from embtune_api.base import Resource
from embtune_api.texts import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

_Word = Annotated[str, BeforeValidator(partial(cut, longest=64)), Field(max_length=64)]
_Prompt = Annotated[str, BeforeValidator(partial(cut, longest=512)), Field(max_length=512)]
_POOLING = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""As sentence-transformers wrote it before version 6, and as it does now."""
_NO_LIMIT = 1_000_000
"""Tokenizers say that they have none by a number larger than this."""


class EmbeddingContract(Resource):
    """Vectors of two models that differ in any of this do not fit the same index, or the same client."""

    dimension: Annotated[int, Field(ge=0)]
    """Numbers in a vector."""
    pooling: _Word
    """How the vectors of a text's tokens become one: mean, cls, max, or several, joined by +."""
    normalised: bool
    """Vectors have length 1, so that a dot product is a cosine."""
    prompts: Annotated[dict[_Word, _Prompt], Field(max_length=32)] = {}
    """What stands before a text, by the name of the prompt; empty ones are none."""
    max_length: int | None = None
    """Tokens of a text that are read; None: as many as there are."""
    similarity: _Word = "cosine"
    """What vectors are compared by."""

    def differences(self, new: EmbeddingContract) -> list[str]:
        """What is another in the new one: `dimension 384 → 512`."""
        before, after = (contract.model_dump(by_alias=True) for contract in (self, new))
        return [f"{name} {_told(before[name])} → {_told(after[name])}" for name in before if before[name] != after[name]]


CONTRACT_FILES = ("modules.json", "config_sentence_transformers.json")
"""At the root of the folder; each module's own files are named by `module_files`."""


def module_files(modules: bytes) -> list[str]:
    """Paths of the files that say how each module works, as far as they are there."""
    names = ("config.json", "sentence_bert_config.json", "tokenizer_config.json")
    return [f"{path}/{name}".lstrip("/") for path in (str(one["path"]) for one in json.loads(modules)) for name in names]


def contract_of(files: Mapping[str, bytes]) -> EmbeddingContract:
    """Of a sentence-transformers folder, whichever version saved it.

    Args:
        files: path → bytes, of `CONTRACT_FILES` and `module_files`, as far as they are there; modules.json is.

    Raises:
        ValueError: a file is not JSON, or nobody says how long a vector is.
    """
    parsed: dict[str, Any] = {path: json.loads(data) for path, data in files.items()}
    settings = parsed.get("config_sentence_transformers.json", {})
    kinds = {str(module["type"]).rpartition(".")[2]: str(module["path"]) for module in parsed["modules.json"]}

    def config(kind: str, name: str = "config.json") -> dict[str, Any]:
        found = parsed.get(f"{kinds[kind]}/{name}".lstrip("/"), {}) if kind in kinds else {}
        return found if isinstance(found, dict) else {}

    transformer, pooling = config("Transformer"), config("Pooling")
    modes = _pooling_modes(pooling)
    width = pooling.get("embedding_dimension") or pooling.get("word_embedding_dimension") or transformer.get("hidden_size") or 0
    dimension = int(config("Dense").get("out_features") or int(width) * max(1, len(modes)))
    if dimension == 0:
        raise ValueError("no file says how many numbers a vector has")
    return EmbeddingContract(
        dimension=dimension,
        pooling="+".join(modes) or "none",
        normalised="Normalize" in kinds,
        prompts={name: prompt for name, prompt in (settings.get("prompts") or {}).items() if prompt},
        max_length=_max_length(
            config("Transformer", "sentence_bert_config.json"), config("Transformer", "tokenizer_config.json"), transformer
        ),
        similarity=settings.get("similarity_fn_name") or "cosine",
    )


def _pooling_modes(pooling: Mapping[str, Any]) -> list[str]:
    named = pooling.get("pooling_mode")
    if named:
        return [named] if isinstance(named, str) else [str(mode) for mode in named]
    return [mode for flag, mode in _POOLING.items() if pooling.get(flag)]


def _max_length(own: Mapping[str, Any], tokenizer: Mapping[str, Any], transformer: Mapping[str, Any]) -> int | None:
    """The first that says it; else the least of what the tokenizer and the model can take."""
    if own.get("max_seq_length"):
        return int(own["max_seq_length"])
    limits = [tokenizer.get("model_max_length"), transformer.get("max_position_embeddings")]
    return min((int(limit) for limit in limits if limit and limit < _NO_LIMIT), default=None)


def _told(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | bool) else str(value)
