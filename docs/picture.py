"""Draw what `make demo` leaves on the terminal, from the demo's own store: `make picture`.

python docs/picture.py STORE OUT.svg
"""

import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI

from embtune_api.documents.job import JobResult
from embtune_api.keys import LineKeys
from embtune_operator.identity import with_local_uid
from embtune_operator.jobfile import load_job
from embtune_operator.pipeline.step_requests import job_keys
from embtune_operator.view.progress import steps
from embtune_operator.view.summary import print_summary
from embtune_store import documents, open_store

JOB = Path(__file__).parents[1] / "examples" / "tldr" / "job.yaml"


def main() -> None:
    store, out = open_store(sys.argv[1]), Path(sys.argv[2])
    job = with_local_uid(load_job(JOB), JOB.parent)
    result = documents.read(store, job_keys(job).result, JobResult)
    if result is None:
        sys.exit("the demo has not finished: make demo")
    console = Console(record=True, width=120, force_terminal=True, highlight=False, file=sys.stderr)
    console.print("[bold]$ make demo[/]")
    console.print(steps(result.status))
    finished = job.model_copy(update={"status": result.status})
    print_summary(console, finished, LineKeys(job.metadata.namespace, job.spec.model), store)
    console.save_svg(str(out), title="embtune", theme=MONOKAI, code_format=without_web_fonts(CONSOLE_SVG_FORMAT))


def without_web_fonts(svg: str) -> str:
    """A picture in a README loads nothing from elsewhere."""
    kept = [part if number == 0 else part.partition("}}")[2] for number, part in enumerate(svg.split("@font-face"))]
    return "".join(kept).replace("Fira Code, monospace", "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace")


if __name__ == "__main__":
    main()
