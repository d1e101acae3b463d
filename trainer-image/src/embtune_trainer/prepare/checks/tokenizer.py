"""The base model's tokenizer, read without the model: no torch, and no weights."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Encoding, Tokenizer

from embtune_api.documents.files import StoredModel
from embtune_api.encoder import QUERY_FOLDER, ROUTER_FILE, Encoder, Prompts
from embtune_store.folders import read_verified
from embtune_store.protocol import Store
from embtune_trainer.prompts import DOCUMENT_PROMPTS, NO_SIDE, QUERY_PROMPTS, prompt_for

_NO_LIMIT = 1_000_000
"""transformers spells "no limit" as a number with thirty digits."""
Settings = dict[str, Any]


@dataclass(frozen=True)
class BaseTokenizer:
    """What turns texts into tokens, as the model does it."""

    tokenizer: Tokenizer
    limit: int | None
    """Tokens a text; None: as many as there are."""
    unknown: str | None
    """The token for what it does not know; None: it knows every byte."""
    query: str
    """Prompt of anchors."""
    document: str
    """Prompt of their answers."""
    either: str
    """Prompt of texts that are neither."""

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """With special tokens, and uncut."""
        return self.tokenizer.encode_batch(list(texts))


def read_tokenizer(store: Store, model: StoredModel, encoder: Encoder | None = None) -> BaseTokenizer | None:
    """None: the model has none that can be read without its code.

    Args:
        encoder: what the published model will be, where it is not as `model`.

    Raises:
        Tampered: its bytes are not those that were staged or published.
    """
    files = {file.path: file for file in model.files}

    def content(path: str) -> bytes | None:
        return read_verified(store, files[path].below(model.prefix)) if path in files else None

    side = f"{QUERY_FOLDER}/" if ROUTER_FILE in files else ""  # of two encoders, the one that learns
    folder = side + _folder_of_the_transformer(content(f"{side}modules.json"))
    raw = content(f"{folder}tokenizer.json")
    tokenizer = None if raw is None else _parsed(raw)
    if tokenizer is None:
        return None
    own, model_wide = (_settings(content(f"{folder}{name}.json")) for name in ("tokenizer_config", "config"))
    sentence, prompts = _settings(content(f"{folder}sentence_bert_config.json")), _settings(content(_PROMPTS))
    known, default = _NO_PROMPTS | (prompts.get("prompts") or {}), prompts.get("default_prompt_name")
    given = encoder or Encoder()
    prompts_given = given.prompts or Prompts()
    known |= {name: text for name, text in prompts_given.model_dump().items() if text is not None}
    limit = _limit(sentence.get("max_seq_length"), own.get("model_max_length"), model_wide.get("max_position_embeddings"))
    return BaseTokenizer(
        tokenizer,
        limit=given.max_seq_length or limit,
        unknown=_unknown(json.loads(tokenizer.to_str())["model"]),
        query=prompt_for(QUERY_PROMPTS, known, default),
        document=prompt_for(DOCUMENT_PROMPTS, known, default),
        either=prompt_for(NO_SIDE, known, default),
    )


_NO_PROMPTS: dict[str, str | None] = {"query": "", "document": ""}
"""Any model of sentence-transformers 6.2 has these two, empty where its folder does not say."""
_PROMPTS = "config_sentence_transformers.json"


def _folder_of_the_transformer(modules: bytes | None) -> str:
    path = str(json.loads(modules)[0]["path"]) if modules else ""
    return f"{path}/" if path else ""


def _parsed(raw: bytes) -> Tokenizer | None:
    try:
        tokenizer = Tokenizer.from_str(raw.decode())
    except Exception:  # tokenizers raises nothing narrower
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _settings(content: bytes | None) -> Settings:
    found = json.loads(content) if content else {}
    return found if isinstance(found, dict) else {}


def _limit(sentence: int | None, own: int | None, positions: int | None) -> int | None:
    """As sentence-transformers 6.2: its own setting, or the lower of the tokenizer's and the number of positions."""
    if sentence:
        return sentence
    limits = [limit for limit in (own, positions) if limit and 0 < limit < _NO_LIMIT]
    return min(limits, default=None)


def _unknown(model: Settings) -> str | None:
    """Of WordPiece, WordLevel and BPE a token, of Unigram its number; where bytes stand in for it, nothing is unknown."""
    if model.get("byte_fallback"):
        return None
    if model.get("unk_id") is not None:
        return str(model["vocab"][model["unk_id"]][0])
    return model.get("unk_token")
