"""One process of a training, as torchrun starts it: model → data → train → save."""

import contextlib
import importlib.metadata
import math
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
from sentence_transformers import SentenceTransformer

from embtune_api.digest import tree_digest
from embtune_api.documents.files import StepManifest
from embtune_api.documents.files import StoredModel as Trained
from embtune_api.documents.train import TrainFacts
from embtune_api.errors import EmbtuneError, Exit, StoreError
from embtune_api.keys import StepKeys
from embtune_api.presets import questions_a_look
from embtune_api.reports import TrainingReport
from embtune_api.requests import Control, TrainRequest
from embtune_api.status import Progress
from embtune_api.training import Training
from embtune_api.training_record import TrainingFinding
from embtune_store import documents, folders, open_store
from embtune_store.protocol import Store
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.encoder import device_for, device_name, fetch_model
from embtune_trainer.processes import die_with_parent
from embtune_trainer.progress import progress_writer
from embtune_trainer.train.auxiliary import courses, with_auxiliary
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.consistency import check_consistency
from embtune_trainer.train.frozen import forget_vectors
from embtune_trainer.train.health import findings_of
from embtune_trainer.train.launch import ALONE
from embtune_trainer.train.learner import Learner
from embtune_trainer.train.length import with_length
from embtune_trainer.train.looks import Looks
from embtune_trainer.train.loop import Loop, nobody
from embtune_trainer.train.memory import Memory
from embtune_trainer.train.metrics import serve_metrics
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.precision import Arithmetic, choose_arithmetic
from embtune_trainer.train.probe import gauge_for, room_for_more
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import TrainingRows, read_records, texts_of
from embtune_trainer.train.sets import Sets
from embtune_trainer.train.teaching import ask_teacher, refuse_without_negatives
from embtune_trainer.train.trial import try_out
from embtune_trainer.train.validation import Teach, Validation, make_validation

CONTROL_SECONDS = 5.0
VERSIONS = ("torch", "transformers", "sentence-transformers", "tokenizers", "numpy")


def work(request_json: str, agent: int) -> None:
    """Train as one rank among those that torchrun started, unless the manifest is there.

    The exit code is the step's, or ALONE.
    """
    from embtune_trainer.cli import exit_code_of, tell

    die_with_parent(agent)
    try:
        _train(TrainRequest.model_validate_json(request_json))
    except EmbtuneError as error:
        tell(str(error))
        sys.stderr.flush()
        os._exit(exit_code_of(error))
    except torch.OutOfMemoryError as error:
        tell(
            f"the training ran out of memory outside the batches, for the weights and what the optimizer keeps of each: {error}. "
            "Start from a smaller base model, or choose a profile with more memory; the same job goes on from its last checkpoint"
        )
        sys.stderr.flush()
        os._exit(int(Exit.FAILED))
    except RuntimeError as error:
        if not _lost_the_others(error):
            raise
        sys.stderr.write(f"rank {os.environ['RANK']} lost the others: {str(error).splitlines()[0]}\n")
        sys.stderr.flush()
        os._exit(ALONE)


def _lost_the_others(error: RuntimeError) -> bool:
    """Whether it is about the connection between ranks. gloo has no class of its own for that."""
    return isinstance(error, dist.DistError) or "gloo/" in str(error)


def _train(request: TrainRequest) -> None:
    started = time.monotonic()
    stop_asked = _listen_for_stop()
    store = open_store(request.store)
    keys = request.job_keys.step("train", request.digest)
    recipe = request.training
    device = device_for(int(os.environ["LOCAL_RANK"]))
    if "OMP_NUM_THREADS" not in os.environ:  # who sets it shares the machine: threads without a core of their own only wait
        torch.set_num_threads(max(1, usable_cpus() // int(os.environ["LOCAL_WORLD_SIZE"])))
    if recipe.deterministic:
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        torch.use_deterministic_algorithms(True)

    with _process_group(device) as ranks:
        if ranks.any(ranks.first and store.exists(keys.manifest), device):
            return
        report = progress_writer(store, keys.progress)
        if ranks.first:
            report(Progress(message="loading the model and the rows"))
        folder = _fetch_once(store, request, ranks)
        learner = Learner.of(request, folder, device)
        records = read_records(folders.read_verified(store, request.rows))
        model, checkpoints = learner.model, Checkpoints(store, keys)
        recipe = with_length(recipe, records, model, ranks, checkpoints, report)
        request, learner = request.model_copy(update={"training": recipe}), replace(learner, recipe=recipe)
        refuse_without_negatives(records, recipe.loss.name)
        dimension = model.get_embedding_dimension()
        teach = partial(ask_teacher, request, store=store, ranks=ranks, device=device, dimension=dimension, report=report)
        rows, objective = learner.learn_from(records, teach(records), store, keys, ranks, report)
        sets = Sets(len(rows), request.auxiliary)
        rows, objective = with_auxiliary(rows, objective, request.auxiliary, store, model, recipe)
        arithmetic = choose_arithmetic(recipe.precision, device, ranks)
        if ranks.first:
            stop_asked = _or_control(stop_asked, store, keys)
            show = serve_metrics(device)
        else:
            show = nobody
        asked = _validation(request, store, model, sets.main_rows, teach)
        looks = Looks(asked, ranks, recipe.evaluation_steps or 0, arithmetic.dtype)
        memory = Memory.of(recipe, batch_texts(rows, recipe, ranks.world), request.killed)
        dtype, gauge = arithmetic.dtype, gauge_for(device)
        loop = Loop(
            model, rows, objective, recipe, ranks, checkpoints, dtype, report, stop_asked, show, memory, looks, sets, gauge
        )
        outcome = loop.run()
        if ranks.first:
            unwell = [*findings_of(outcome, recipe), *check_consistency(model, texts_of(records))]
            findings = [*unwell, *room_for_more(memory.probe, recipe)]
            _finish(request, store, keys, loop, outcome, learner, arithmetic, findings, started)
            report(Progress(percent=100, step=loop.total_steps, total_steps=loop.total_steps))
        ranks.wait()


def _validation(request: TrainRequest, store: Store, model: SentenceTransformer, rows: int, teach: Teach) -> Validation | None:
    """A sample of the validation rows, where they are to be looked at."""
    recipe = request.training
    if request.validation is None or not recipe.evaluation_steps:
        return None
    records = read_records(folders.read_verified(store, request.validation))
    return make_validation(records, model, recipe, questions_a_look(recipe, rows, request.auxiliary), teach)


def _listen_for_stop() -> Callable[[], bool]:
    """SIGTERM is noted, and answered between two steps, by all ranks together."""
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; embtune sends SIGTERM
    return asked.is_set


def _or_control(asked: Callable[[], bool], store: Store, keys: StepKeys) -> Callable[[], bool]:
    """Also look for `control.json`, every few seconds; a store that does not answer asks for nothing."""
    last = time.monotonic()

    def stop() -> bool:
        nonlocal last
        if asked() or time.monotonic() - last < CONTROL_SECONDS:
            return asked()
        last = time.monotonic()
        with contextlib.suppress(StoreError):
            return documents.read(store, keys.control, Control) is not None
        return False

    return stop


@contextlib.contextmanager
def _process_group(device: torch.device) -> Iterator[Ranks]:
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=timedelta(minutes=10))
    try:
        yield Ranks()
    finally:
        dist.destroy_process_group()


def _fetch_once(store: Store, request: TrainRequest, ranks: Ranks) -> Path:
    """One download a node: the first local rank fetches, the others find it there."""
    fetches = int(os.environ["LOCAL_RANK"]) == 0
    fetched = fetch_model(store, request.base) if fetches else None
    ranks.wait()
    return fetched or fetch_model(store, request.base)


def _finish(
    request: TrainRequest,
    store: Store,
    keys: StepKeys,
    loop: Loop,
    outcome: Outcome,
    learner: Learner,
    arithmetic: Arithmetic,
    findings: list[TrainingFinding],
    started: float,
) -> None:
    """Save the model, ask one of several candidates, write the report, then the manifest, then let the checkpoints go."""
    device = next(loop.model.parameters()).device
    with tempfile.TemporaryDirectory(prefix="embtune-model-") as folder:
        learner.save(Path(folder))
        files = folders.list_folder(Path(folder))
        digest = tree_digest((file.path, file.sha256) for file in files)
        folders.upload_folder(store, Path(folder), keys.model(digest))
        trial = try_out(request, Path(folder), files, store, keys, device) if request.candidate else None
    report = _report(request, loop, outcome, learner, arithmetic, findings)
    documents.put(store, keys.report, report)
    trained = Trained(prefix=keys.model(digest), digest=digest, files=files, fingerprints=request.fingerprints)
    facts = TrainFacts(
        model=trained,
        seconds=outcome.seconds,
        samples_per_second=outcome.samples_per_second,
        final_loss=outcome.main_curve[-1].loss,
        total_steps=loop.total_steps,
        encoder=learner.settings,
        max_seq_length=request.training.explicit_max_seq_length,
        stopped_at=report.validation.points[-1].step if report.validation and report.validation.stopped_early else None,
        best_step=report.validation.best_step if report.validation else None,
        findings=[finding.message for finding in findings],
        trial=trial,
    )
    place = trained.prefix.removeprefix(f"{keys.root}/")
    manifest = StepManifest(
        step="train",
        input_digest=request.digest,
        files=[file.model_copy(update={"path": f"{place}/{file.path}"}) for file in files],
        facts=facts.model_dump(mode="json"),
        seconds=time.monotonic() - started,
    )
    documents.create(store, keys.manifest, manifest)
    loop.checkpoints.forget_all()
    forget_vectors(store, keys)


def batch_texts(rows: TrainingRows, recipe: Training, processes: int) -> int:
    """That one process embeds for a batch, about."""
    assert recipe.batch_size is not None
    return math.ceil(recipe.batch_size * float(rows.counts.mean()) / processes)


def _report(
    request: TrainRequest,
    loop: Loop,
    outcome: Outcome,
    learner: Learner,
    arithmetic: Arithmetic,
    findings: list[TrainingFinding],
) -> TrainingReport:
    device = next(loop.model.parameters()).device
    on_gpu = device.type == "cuda"
    return TrainingReport(
        recipe=request.training.model_dump(mode="json", by_alias=True),
        tuned=learner.tuned.part,
        encoder=learner.settings,
        rows=loop.sets.main_rows if loop.sets else len(loop.rows),
        auxiliary=courses(request.auxiliary, outcome.curve, request.training.batch_size or 1),
        total_steps=loop.total_steps,
        resumed_from_step=outcome.resumed_from,
        seconds=outcome.seconds,
        samples_per_second=outcome.samples_per_second,
        device=device_name(device),
        precision=arithmetic.precision,
        precision_because=arithmetic.why,
        skipped_steps=outcome.skipped_steps,
        loss_scale=loop.scaling.state,
        processes=loop.ranks.world,
        masked_negatives=outcome.masked_negatives,
        forward=loop.chosen.name,
        forward_because=loop.chosen.why,
        padding_factor=outcome.computed_tokens / max(1, outcome.tokens),
        peak_memory_bytes=torch.cuda.max_memory_allocated(device)
        if on_gpu
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        curve=outcome.curve,
        memory=loop.memory.report,
        layers=outcome.layers,
        validation=loop.looks.report(outcome),
        findings=findings,
        versions={name: importlib.metadata.version(name) for name in VERSIONS},
    )
