"""What leaving known positives out of the negatives is worth, on banking77: 77 intents, so a batch of 64 is full of them.

    make bench-masking        (PYTHONPATH=tests python -m bench.trainer.masking [--seeds 7 8])

Trains on in-class pairs of the sample's first 1,500 texts with and without the mask, on the same batches, and ranks them for
1,000 other texts: a text of the same intent is relevant.
"""

import argparse
import sys
from statistics import mean

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from sentence_transformers import SentenceTransformer

from bench.trainer.unmasked import alone, nothing_known
from bench.trainer.workload import BASE, ROWS, keys, recipe
from embtune_store import open_store
from embtune_trainer.encoder import device_for, load_encoder
from embtune_trainer.evaluate.encoding import encode
from embtune_trainer.evaluate.ranking import rank_passages
from embtune_trainer.evaluate.retrieval_metrics import retrieval_metric
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import Loop
from embtune_trainer.train.objectives.pairs import Ranking
from embtune_trainer.train.precision import choose_arithmetic
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import tokenize_rows
from support.rows import banking77_texts, in_class_pairs

QUERIES = 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    seeds = parser.parse_args().seeds
    alone()
    results = {masked: [ndcg_after_training(masked, seed) for seed in seeds] for masked in (False, True)}
    untouched = ndcg(load_encoder(BASE, device_for(0)))
    table = Table(title=f"banking77, {ROWS} in-class pairs, batch 64, one epoch, seeds {', '.join(map(str, seeds))}")
    for column in ("", "ndcg@10", "known positives masked"):
        table.add_column(column)
    table.add_row("base", f"{untouched:.4f}", "")
    for masked, runs in results.items():
        table.add_row("masked" if masked else "not masked", f"{mean(n for n, _ in runs):.4f}", f"{mean(m for _, m in runs):.0f}")
    Console().print(table)
    return 0 if mean(n for n, _ in results[True]) > mean(n for n, _ in results[False]) else 1


def ndcg_after_training(masked: bool, seed: int) -> tuple[float, int]:
    """ndcg@10, and how many negatives the mask took out."""
    device = device_for(0)
    model = load_encoder(BASE, device)
    explicit = recipe(seed)
    records = in_class_pairs(banking77_texts()[:ROWS])
    rows, scale = tokenize_rows(records, model, explicit.explicit_max_seq_length), explicit.loss.explicit_scale
    objective = Ranking.of(records, scale) if masked else nothing_known(len(rows), scale)
    checkpoints = Checkpoints(open_store("memory://"), keys(seed))
    dtype = choose_arithmetic("Auto", device, Ranks()).dtype
    loop = Loop(model, rows, objective, explicit, Ranks(), checkpoints, dtype, lambda _: None, lambda: False)
    outcome = loop.run()
    return ndcg(model), outcome.masked_negatives


def ndcg(model: SentenceTransformer) -> float:
    texts = banking77_texts()
    documents, queries = texts[:ROWS], texts[ROWS : ROWS + QUERIES]
    vectors = [encode(model, [text for text, _ in part], "document", lambda _: None) for part in (queries, documents)]
    ranked = rank_passages(vectors[0], vectors[1], [f"{n:05d}" for n in range(len(documents))], 10)
    labels = np.array([label for _, label in documents])
    wanted = np.array([label for _, label in queries])[:, None]
    relevant = (labels[None, :] == wanted).sum(axis=1)
    ideal = (np.arange(relevant.max()) < relevant[:, None]).astype(np.float64)
    values = retrieval_metric("ndcg", 10, (labels[ranked] == wanted).astype(np.float64), ideal)
    return float(np.nanmean(values))


if __name__ == "__main__":
    torch.set_num_threads(2)
    sys.exit(main())
