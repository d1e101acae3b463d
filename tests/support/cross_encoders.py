"""A small cross-encoder that has learnt something: to tell answers from the answers to other questions."""

from collections.abc import Sequence
from pathlib import Path


def train_reader(
    folder: Path, encoder: Path, pairs: Sequence[tuple[str, str]], steps: int = 40, rate: float = 1e-3, batch: int = 32
) -> Path:
    """Saved as sentence-transformers saves it, from the weights of `encoder`. Each pair is right, and wrong with the answer of
    its neighbour in the batch."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(0)
    draw = torch.Generator().manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(str(encoder), num_labels=1)
    tokenizer = AutoTokenizer.from_pretrained(str(encoder))
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    truth = torch.cat([torch.ones(batch), torch.zeros(batch)])
    model.train()
    for _ in range(steps):
        chosen = [pairs[at] for at in torch.randint(len(pairs), (batch,), generator=draw).tolist()]
        answers = [answer for _, answer in chosen]
        asked = [question for question, _ in chosen] * 2
        texts = tokenizer(
            asked, [*answers, *answers[-1:], *answers[:-1]], padding=True, truncation=True, max_length=96, return_tensors="pt"
        )
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(**texts).logits[:, 0], truth)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    bare = folder.with_name(f"bare-{folder.name}")
    model.save_pretrained(str(bare))
    tokenizer.save_pretrained(str(bare))
    CrossEncoder(str(bare), device="cpu").save_pretrained(str(folder))
    return folder
