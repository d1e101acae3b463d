"""Bad candidates, really trained, judged against a good champion by the real command: none is promoted, and each line says why.

    make bench-candidates     (PYTHONPATH=tests python -m bench.candidates [--only WORD])

all-MiniLM-L6-v2 is tuned on tldr and goes to production. Then come: labels shuffled, a tenth of the data, 20 epochs on 500
rows, a prompt of another task before each query, rows of the exam in the training data; and a good one, with twice the data.
Results go to tests/bench/candidates/result.json, and from there to docs/bad-candidates.md. Exits 1 when one of them is not judged
as it should be.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from bench.candidates.jobs import CANDIDATES, Candidate, Rows, write_candidate, write_champion, write_models
from bench.candidates.result import BAD_CANDIDATES, Outcome, Result
from bench.machine import cores, machine
from support.command import Told, embtune
from support.jobs import MODEL, NAMESPACE
from support.stored import StoredLine

MINUTES = 60.0
console = Console(width=180)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="candidates whose name holds this; the result is printed and not kept")
    wanted = parser.parse_args().only
    with tempfile.TemporaryDirectory(prefix="embtune-bench-") as folder:
        result = judge_all(Path(folder), [candidate for candidate in CANDIDATES if wanted in candidate.name])
    console.print(result.tables()[""].for_terminal("judged against a good champion"))
    if not wanted:
        BAD_CANDIDATES.keep(result)
    return 0 if result.is_right else 1


def judge_all(folder: Path, candidates: list[Candidate]) -> Result:
    started = time.monotonic()
    write_models(folder)
    champion = verdict_of(run(write_champion(folder), folder / "store").ended(0))
    console.print(f"the champion: {champion}")
    line = StoredLine(folder / "store", NAMESPACE, MODEL)
    outcomes = [outcome_of(folder, candidate, exam_rows(line)) for candidate in candidates]
    return Result(
        **machine(),
        minutes=round((time.monotonic() - started) / MINUTES, 1),
        queries=len(line.queries),
        champion=champion,
        outcomes=outcomes,
    )


def outcome_of(folder: Path, candidate: Candidate, asked: Rows) -> Outcome:
    began = time.monotonic()
    verdict = judged(folder, candidate, asked)
    console.print(f"{candidate.name}: {verdict}")
    return Outcome(
        name=candidate.name,
        told=candidate.told,
        verdict=verdict,
        seconds=round(time.monotonic() - began, 1),
        right=candidate.is_judged_right(verdict),
    )


def judged(folder: Path, candidate: Candidate, asked: Rows) -> str:
    """`Rejected – 1 of 2 gates rejected: ndcg@10 …`; each candidate meets the same champion, in a store of its own."""
    store = shutil.copytree(folder / "store", folder / f"store-{candidate.name}")
    before = StoredLine(store, NAMESPACE, MODEL).release
    told = run(write_candidate(folder, candidate, asked), store)
    verdict = verdict_of(told.ended(3 if told.code == 3 else 0))
    promoted = StoredLine(store, NAMESPACE, MODEL).release != before
    assert promoted == verdict.startswith("Passed"), "what passes is promoted, and nothing else"
    shutil.rmtree(store)
    return verdict


def run(job: Path, store: Path) -> Told:
    return embtune("run", job, "--store", store, threads=cores(), timeout=30 * MINUTES)


def verdict_of(told: Told) -> str:
    return next(row.partition("Verdict: ")[2] for row in told.out.splitlines() if "Verdict: " in row)


def exam_rows(line: StoredLine) -> Rows:
    """A tenth of the exam, as pairs."""
    queries = {query["id"]: query["text"] for query in line.queries}
    passages = {passage["id"]: passage["text"] for passage in line.corpus}
    pairs = [{"anchor": queries[qrel["query"]], "positive": passages[qrel["passage"]]} for qrel in line.qrels]
    return pairs[: len(pairs) // 10]


if __name__ == "__main__":
    sys.exit(main())
