"""One `prepare` in a process of its own, measured: `python -m bench.prepare.child PAIRS.jsonl FOLDER ACTION`, a JSON line out."""

import json
import resource
import sys
import time
from itertools import pairwise
from pathlib import Path

from embtune_api.status import Progress
from embtune_store import open_store
from embtune_trainer.prepare import run_prepare
from unit.trainer.prepare_world import World


def main(pairs: Path, folder: Path, action: str) -> None:
    world = World(folder, open_store(str(folder / "store")))
    columns = {"anchor": "question", "positive": "answer"}
    request = world.request(str(pairs), columns=columns, checks={"nearDuplicates": action})
    told: list[float] = []

    def report(_: Progress) -> None:
        told.append(time.monotonic())

    started = time.monotonic()
    manifest = run_prepare(request, world.store, report)
    ended = time.monotonic()
    used = resource.getrusage(resource.RUSAGE_SELF)
    moments = [started, *told, ended]
    report_written = json.loads(world.store.get(manifest.facts["report"]["key"]))
    figures = {
        "wall": ended - started,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
        "silent": max(later - earlier for earlier, later in pairwise(moments)),
        "rows": report_written["rows_read"],
        "findings": {finding["check"]: finding["rows"] for finding in report_written["findings"]},
    }
    print(json.dumps(figures))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
