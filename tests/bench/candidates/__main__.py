"""Bad candidates, really trained, judged against a good champion by the real command: none is promoted, and each line says why.

    make bench-candidates     (PYTHONPATH=tests python -m bench.candidates [--only WORD])

all-MiniLM-L6-v2 is tuned on tldr and goes to production. Then come: labels shuffled, a tenth of the data, 20 epochs on 500
rows, a prompt of another task before each query, rows of the exam in the training data; and a good one, with twice the data.
Exits 1 when one of them is not judged as it should be.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.candidates.jobs import CANDIDATES, Candidate, Rows, write_candidate, write_champion, write_models
from support.command import embtune
from support.jobs import MODEL, NAMESPACE
from support.stored import StoredLine

MINUTES = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="candidates whose name holds this")
    wanted = parser.parse_args().only
    console = Console(width=180)
    table = Table(title="judged against a good champion")
    for column in ("candidate", "verdict", "seconds", "as it should be"):
        table.add_column(column)
    right = True
    with tempfile.TemporaryDirectory(prefix="embtune-bench-") as name:
        folder = Path(name)
        write_models(folder)
        told = embtune("run", write_champion(folder), "--store", folder / "store", threads=None, timeout=30 * MINUTES).ended(0)
        console.print(verdict_of(told.out))
        asked = exam_rows(StoredLine(folder / "store", NAMESPACE, MODEL))
        for candidate in CANDIDATES:
            if wanted in candidate.name:
                started = time.monotonic()
                verdict = judged(folder, candidate, asked)
                is_right = is_as_it_should_be(candidate, verdict)
                console.print(f"{candidate.name}: {verdict}")
                table.add_row(candidate.name, verdict, f"{time.monotonic() - started:.0f}", "yes" if is_right else "NO")
                right &= is_right
    console.print(table)
    return 0 if right else 1


def judged(folder: Path, candidate: Candidate, asked: Rows) -> str:
    """`Rejected – 1 of 2 gates rejected: ndcg@10 …`; each candidate meets the same champion, in a store of its own."""
    store = shutil.copytree(folder / "store", folder / f"store-{candidate.name}")
    before = StoredLine(store, NAMESPACE, MODEL).release
    told = embtune("run", write_candidate(folder, candidate, asked), "--store", store, threads=None, timeout=30 * MINUTES)
    verdict = verdict_of(told.ended(3 if "Passed" not in candidate.outcomes else told.code).out)
    promoted = StoredLine(store, NAMESPACE, MODEL).release != before
    assert promoted == verdict.startswith("Passed"), "what passes is promoted, and nothing else"
    shutil.rmtree(store)
    return verdict


def is_as_it_should_be(candidate: Candidate, verdict: str) -> bool:
    outcome, _, reason = verdict.partition(" – ")
    return outcome in candidate.outcomes and candidate.because in reason


def verdict_of(shown: str) -> str:
    return next(row.partition("Verdict: ")[2] for row in shown.splitlines() if "Verdict: " in row)


def exam_rows(line: StoredLine) -> Rows:
    """A tenth of the exam, as pairs."""
    queries = {query["id"]: query["text"] for query in line.queries}
    passages = {passage["id"]: passage["text"] for passage in line.corpus}
    pairs = [{"anchor": queries[qrel["query"]], "positive": passages[qrel["passage"]]} for qrel in line.qrels]
    return pairs[: len(pairs) // 10]


if __name__ == "__main__":
    sys.exit(main())
