"""One side in a process of its own, measured: `python -m bench.search.child SIDE QUERIES PASSAGES THREADS`, a JSON line out."""

from __future__ import annotations

import json
import resource
import sys
import time

import torch

from bench.search.contestants import by_embtune, by_sentence_transformers
from bench.search.workload import workload

SIDES = {"embtune": by_embtune, "sentence-transformers": by_sentence_transformers}


def main(side: str, queries: int, passages: int, threads: int) -> None:
    import sentence_transformers.sentence_transformer.evaluation  # noqa: F401  importing is not measured

    torch.set_num_threads(threads)
    SIDES[side](workload(10, 500))  # nor what is set up once
    work = workload(queries, passages)
    started, used = time.monotonic(), time.process_time()
    metrics = SIDES[side](work)
    figures = {
        "processor": time.process_time() - used,
        "wall": time.monotonic() - started,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "metrics": dict(metrics),
    }
    print(json.dumps(figures))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
