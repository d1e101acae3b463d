"""`embtune-trainer STEP --request request.json`: how pods and `embtune run` start a step.

The exit code is `embtune_api.errors.Exit`. What went wrong is one paragraph on stderr and, for the operator, in the
file that EMBTUNE_TERMINATION_LOG names (a pod's termination message).
"""

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from embtune_api.errors import EmbtuneError, Exit, StoreDenied
from embtune_trainer.init import leave_pid_1

if TYPE_CHECKING:
    from pydantic import BaseModel

    from embtune_store.protocol import Store
    from embtune_trainer.progress import ReportProgress

STEPS = ("prepare", "train", "evaluate", "publish")
USES = ("compare", "try", "embed")
"""Of models, outside a job."""
ALONE = ("look", "synthesize", "diagnose", *USES)
"""Run without a job."""
USAGE = f"""usage: embtune-trainer {{{"|".join(STEPS)}}} --request request.json
       embtune-trainer warm
       embtune-trainer look --request request.json
       embtune-trainer synthesize --request request.json
       embtune-trainer diagnose --request request.json
       embtune-trainer {{{"|".join(USES)}}} --request request.json

Runs one step of a FineTuneJob: reads its request, reads and writes only the store, and does nothing when the step's
manifest is there already. `warm` imports what train and evaluate need, then runs them as it is told on stdin.
`look` describes files of data on stdout, as JSON. `synthesize` makes pairs of a corpus without labels, and tells on stdout,
a JSON object a line, how far it is and at last what it did. `diagnose` tries in short experiments whether a training would
learn, and tells on stdout alike. `compare`, `try` and `embed` load models, and answer on stdout, too.

environment:
  EMBTUNE_HUB_MIRROR       folder of models as <org>/<name> and data sets as datasets/<org>/<name>, looked up before the hub
  EMBTUNE_TERMINATION_LOG  file for the paragraph that says what went wrong (default: none)
  EMBTUNE_METRICS_PORT     port on which train serves Prometheus metrics (default: none)
  EMBTUNE_STORE_CREDENTIALS  folder with a credentials.json for the store at s3://, read again when it is replaced
  EMBTUNE_SOURCE_SECRETS   folder of folders, one for each secretRef of the job, with a file for each key (default: sources
                           and base model are read with what the environment holds)
  EMBTUNE_CLAIMS           folder of folders, one for each claim that data lies on as pvc://claim/path
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, …  for a store at s3://
  PET_NNODES, PET_NODE_RANK or JOB_COMPLETION_INDEX, MASTER_ADDR, MASTER_PORT  for train on several nodes
"""


def main() -> None:
    arguments = sys.argv[1:]
    if arguments in (["-h"], ["--help"]):
        print(USAGE)  # noqa: T201
        sys.exit(Exit.OK)
    if arguments == ["warm"]:
        from embtune_trainer.warm import serve

        serve()
        sys.exit(Exit.OK)
    if len(arguments) != 3 or arguments[0] not in (*STEPS, *ALONE) or arguments[1] != "--request":
        print(USAGE, file=sys.stderr)  # noqa: T201
        sys.exit(Exit.INVALID)
    leave_pid_1()
    sys.exit(run_step(arguments[0], Path(arguments[2])))


def run_step(step: str, request_file: Path) -> int:
    """Run one step to its end; never raises. Returns the exit code."""
    try:
        _dispatch(step, request_file.read_bytes())
    except EmbtuneError as error:
        tell(str(error))
        return exit_code_of(error)
    except KeyboardInterrupt:
        return int(Exit.INTERRUPTED)
    except Exception as error:
        traceback.print_exc()
        tell(f"{step} failed: {type(error).__name__}: {error}")
        return int(Exit.FAILED)
    return int(Exit.OK)


def exit_code_of(error: EmbtuneError) -> int:
    """Of a step. A store that refuses a pod is nothing that the job can change: the platform may mend it before the next try."""
    from embtune_api.credentials import FOLDER_VARIABLE

    if isinstance(error, StoreDenied) and FOLDER_VARIABLE in os.environ:
        return int(Exit.FAILED)
    return int(error.exit_code)


def tell(paragraph: str) -> None:
    """Say what went wrong on stderr and in the termination log."""
    print(paragraph, file=sys.stderr, flush=True)  # noqa: T201
    if log := os.environ.get("EMBTUNE_TERMINATION_LOG"):
        Path(log).write_text(paragraph[:4096], encoding="utf-8")


def _dispatch(step: str, request: bytes) -> None:
    if step == "look":
        from embtune_api.look import LookRequest
        from embtune_trainer.look import run_look

        looked = run_look(LookRequest.model_validate_json(request), _folder_of("EMBTUNE_HUB_MIRROR"))
        print(looked.model_dump_json())  # noqa: T201
        return
    if step == "synthesize":
        _synthesize(request)
        return
    if step == "diagnose":
        _diagnose(request)
        return
    if step in USES:
        _use(step, request)
        return

    from embtune_api.requests import EvaluateRequest, PrepareRequest, PublishRequest, StepRequest, TrainRequest
    from embtune_store import open_store
    from embtune_trainer.progress import progress_writer

    def opened(parsed: StepRequest) -> "tuple[Store, ReportProgress]":
        store = open_store(parsed.store)
        return store, progress_writer(store, parsed.job_keys.step(step, parsed.digest).progress)

    if step == "prepare":
        from embtune_trainer.prepare import run_prepare

        preparing = PrepareRequest.model_validate_json(request)
        mirror, secrets = (_folder_of(name) for name in ("EMBTUNE_HUB_MIRROR", "EMBTUNE_SOURCE_SECRETS"))
        run_prepare(preparing, *opened(preparing), mirror=mirror, secrets=secrets, claims=_folder_of("EMBTUNE_CLAIMS"))
    elif step == "train":
        from embtune_trainer.train import run_train

        run_train(TrainRequest.model_validate_json(request))
    elif step == "evaluate":
        from embtune_trainer.evaluate import run_evaluate

        evaluating = EvaluateRequest.model_validate_json(request)
        run_evaluate(evaluating, *opened(evaluating))
    else:
        from embtune_trainer.publish import run_publish

        publishing = PublishRequest.model_validate_json(request)
        run_publish(publishing, *opened(publishing))


def _synthesize(request: bytes) -> None:
    from embtune_api.synthesis import SynthesisNews, SynthesisRequest
    from embtune_trainer.synthesize import run_synthesis

    def say(news: SynthesisNews) -> None:
        print(news.model_dump_json(exclude_none=True), flush=True)  # noqa: T201

    answer = run_synthesis(
        SynthesisRequest.model_validate_json(request),
        lambda progress: say(SynthesisNews(progress=progress)),
        _folder_of("EMBTUNE_HUB_MIRROR"),
    )
    say(SynthesisNews(answer=answer))
    if not answer.finished:
        raise KeyboardInterrupt


def _diagnose(request: bytes) -> None:
    from embtune_api.diagnosis import DiagnosisNews, DiagnosisRequest
    from embtune_trainer.diagnose.diagnose import run_diagnosis

    def say(news: DiagnosisNews) -> None:
        print(news.model_dump_json(), flush=True)  # noqa: T201

    asked = DiagnosisRequest.model_validate_json(request)
    say(DiagnosisNews(answer=run_diagnosis(asked, lambda progress: say(DiagnosisNews(progress=progress)))))


def _use(what: str, request: bytes) -> None:
    import tempfile

    from embtune_api.model_use import CompareRequest, EmbedRequest, TryRequest

    mirror = _folder_of("EMBTUNE_HUB_MIRROR")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if what == "compare":
            from embtune_trainer.use.compare import run_compare

            answer: BaseModel = run_compare(CompareRequest.model_validate_json(request), scratch, mirror)
        elif what == "try":
            from embtune_trainer.use.try_out import run_try

            answer = run_try(TryRequest.model_validate_json(request), scratch, mirror)
        else:
            from embtune_trainer.use.embed import run_embed

            wanted = EmbedRequest.model_validate_json(request)
            answer = run_embed(wanted, scratch, mirror, lambda done: print(done.model_dump_json(), flush=True))  # noqa: T201
    print(answer.model_dump_json())  # noqa: T201


def _folder_of(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None
