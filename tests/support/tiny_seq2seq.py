"""A tiny T5 with its own tokenizer that has learnt, in seconds on a CPU, to say texts in other words."""

from collections.abc import Iterable, Sequence
from pathlib import Path


def make_tiny_seq2seq(folder: Path, pairs: Sequence[tuple[str, str]], steps: int = 120) -> Path:
    """Train one on (text, what it is to become), and save it as transformers does."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    tokenizer = _tokenizer(word for pair in pairs for text in pair for word in text.split())
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=48,
        d_kv=12,
        d_ff=96,
        num_layers=1,
        num_heads=4,
        dropout_rate=0.0,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config.decoder_start_token_id = tokenizer.pad_token_id
    model = T5ForConditionalGeneration(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    asked = tokenizer([before for before, _ in pairs], return_tensors="pt", padding=True)
    wanted = tokenizer([after for _, after in pairs], return_tensors="pt", padding=True)["input_ids"]
    wanted[wanted == tokenizer.pad_token_id] = -100
    for _ in range(steps):
        loss = model(input_ids=asked["input_ids"], attention_mask=asked["attention_mask"], labels=wanted).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return folder


def _tokenizer(words: Iterable[str]):  # type: ignore[no-untyped-def]
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "</s>", "<unk>"]
    vocabulary = {word: number for number, word in enumerate([*special, *sorted(set(words))])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=64
    )
