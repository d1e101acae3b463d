"""A tiny random BERT with its own tokenizer: a real sentence-transformers folder that trains in a second on a CPU."""

from collections.abc import Iterable
from pathlib import Path


def make_tiny_model(folder: Path, texts: Iterable[str], seed: int = 0, hidden: int = 32, layers: int = 2) -> Path:
    """Save a random encoder (dim `hidden`) whose vocabulary is the words and characters of `texts`."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(seed)
    bare = folder / "bare"
    bare.mkdir(parents=True)
    vocabulary = _vocabulary(texts)
    (bare / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizer(vocab=str(bare / "vocab.txt"), do_lower_case=True).save_pretrained(str(bare))
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=2 * hidden,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(str(bare), safe_serialization=True)
    transformer = Transformer(str(bare), max_seq_length=64)
    modules = [transformer, Pooling(transformer.get_embedding_dimension(), pooling_mode="mean"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(str(folder / "model"), create_model_card=False)
    return folder / "model"


def _vocabulary(texts: Iterable[str]) -> list[str]:
    words = sorted({word for text in texts for word in text.lower().split()})
    characters = sorted({character for word in words for character in word})
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{c}" for c in characters), *words]
