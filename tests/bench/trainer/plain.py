"""The rival: fine-tuning as sentence-transformers' own documentation shows it, in plain fp32.

    python -m bench.trainer.plain BASE ROWS.jsonl OUT SEED

The one liberty: it is fed embtune's batches in embtune's order, so that quality can be compared at all.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from torch.utils.data import Sampler

from bench.trainer.workload import BATCH, EPOCHS, LEARNING_RATE, MAX_LENGTH, batches


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
    base, rows_file, out, seed = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    rows = [json.loads(line) for line in rows_file.read_text(encoding="utf-8").splitlines()]
    model = SentenceTransformer(base, device="cuda" if torch.cuda.is_available() else "cpu")
    model.max_seq_length = MAX_LENGTH
    arguments = SentenceTransformerTrainingArguments(
        output_dir=f"{out}-scratch",
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        warmup_steps=0.1,
        seed=seed,
        save_strategy="no",
        report_to=[],
        logging_strategy="no",
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
    )
    dataset = Dataset.from_list([{"anchor": row["anchor"], "positive": row["positive"]} for row in rows])
    trainer = Trainer(model=model, args=arguments, train_dataset=dataset, loss=MultipleNegativesRankingLoss(model))
    trainer.given = batches(len(rows), seed)
    started = time.monotonic()
    trainer.train()
    seconds = time.monotonic() - started
    model.max_seq_length = 256
    model.save_pretrained(out, create_model_card=False)
    print(json.dumps({"seconds": seconds, "pairs_per_second": len(rows) / seconds}))  # noqa: T201


if __name__ == "__main__":
    main()
