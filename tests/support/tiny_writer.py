"""Tiny random models with the words of a corpus: a T5 that writes queries of them, a cross-encoder that reads pairs."""

from collections.abc import Iterable
from pathlib import Path


def make_tiny_writer(folder: Path, texts: Iterable[str], seed: int = 0) -> Path:
    """Save a random sequence-to-sequence model. Its queries are words by chance, others for each passage and each seed."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    torch.manual_seed(seed)
    words = ["<pad>", "</s>", "<unk>", *sorted({word for text in texts for word in text.lower().split() if word.isalpha()})]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    names = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)  # type: ignore[no-untyped-call]
    fast.save_pretrained(str(folder))
    config = T5Config(vocab_size=len(words), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    config.decoder_start_token_id = 0
    model = T5ForConditionalGeneration(config)
    model.save_pretrained(str(folder), safe_serialization=True)
    return folder


def make_reader(folder: Path, encoder: Path) -> Path:
    """A cross-encoder with random weights, and the words of `encoder`."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import AutoConfig, AutoTokenizer, BertForSequenceClassification

    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(str(encoder), num_labels=1)
    bare = folder.parent / "bare-reader"
    BertForSequenceClassification(config).save_pretrained(str(bare))
    AutoTokenizer.from_pretrained(str(encoder)).save_pretrained(str(bare))
    CrossEncoder(str(bare), device="cpu").save_pretrained(str(folder))
    return folder
