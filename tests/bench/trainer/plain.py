"""The rival: fine-tuning as sentence-transformers' own documentation shows it.

    python -m bench.trainer.plain BASE ROWS.jsonl OUT SEED MAX_LENGTH [bf16] [sorted]

The one liberty: it is fed embtune's batches in embtune's order, so that quality can be compared at all. `sorted`: what its
users do against padding, batches of rows of like length out of every eight batches; other rows are each other's negatives then.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from torch.utils.data import Sampler

from bench.trainer.workload import BATCH, EPOCHS, LEARNING_RATE, Measured, batches

MEGA = 8


class TheseBatches(Sampler[list[int]]):
    """Hands out given batches; what the trainer asks of a sampler besides is of no use here."""

    batch_size = BATCH
    drop_last = False

    def __init__(self, given: list[np.ndarray]) -> None:
        self.given = given

    def __iter__(self) -> Iterator[list[int]]:
        return iter(batch.tolist() for batch in self.given)

    def __len__(self) -> int:
        return len(self.given)

    def set_epoch(self, epoch: int) -> None:
        assert epoch == 0, "one epoch"


class Trainer(SentenceTransformerTrainer):
    given: list[np.ndarray]

    def get_batch_sampler(self, *_args: object, **_kwargs: object) -> TheseBatches:  # type: ignore[override]
        return TheseBatches(self.given)


def main() -> None:
    base, rows_file, out, seed, max_length, *options = sys.argv[1:]
    rows = [json.loads(line) for line in Path(rows_file).read_text(encoding="utf-8").splitlines()]
    model = SentenceTransformer(base, device="cuda" if torch.cuda.is_available() else "cpu")
    model.max_seq_length = int(max_length)
    arguments = SentenceTransformerTrainingArguments(
        output_dir=f"{out}-scratch",
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        warmup_steps=0.1,
        seed=int(seed),
        save_strategy="no",
        report_to=[],
        logging_strategy="no",
        disable_tqdm=True,
        bf16="bf16" in options,
        use_cpu=not torch.cuda.is_available(),
    )
    dataset = Dataset.from_list([{"anchor": row["anchor"], "positive": row["positive"]} for row in rows])
    trainer = Trainer(model=model, args=arguments, train_dataset=dataset, loss=MultipleNegativesRankingLoss(model))
    trainer.given = batches(len(rows), int(seed))
    if "sorted" in options:
        trainer.given = like_lengths(trainer.given, [len(row["anchor"]) + len(row["positive"]) for row in rows])
    with Measured() as measured:
        trainer.train()
    model.max_seq_length = 256
    model.save_pretrained(out, create_model_card=False)
    measured.tell(len(rows))


def like_lengths(given: list[np.ndarray], lengths: list[int]) -> list[np.ndarray]:
    """The same rows, those of every eight batches sorted by length."""
    found: list[np.ndarray] = []
    for start in range(0, len(given), MEGA):
        some = given[start : start + MEGA]
        by_length = sorted(np.concatenate(some).tolist(), key=lambda row: lengths[row])
        found += np.split(np.array(by_length), np.cumsum([len(batch) for batch in some])[:-1])
    return found


if __name__ == "__main__":
    main()
