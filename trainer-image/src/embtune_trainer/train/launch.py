"""torchrun, started from within: one agent a node, which starts and watches the workers."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from embtune_api.errors import EmbtuneError, Exit, InvalidInput, Stopped
from embtune_api.requests import TrainRequest

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

SHUTDOWN_SECONDS = 300
"""How long workers have to write a checkpoint after SIGTERM; torchrun's own 30 s are too short for a large model."""


def run_train(request: TrainRequest) -> None:
    """Train, unless the manifest is there already. This process itself leaves the store alone: workers are forked from it, and
    a client of S3 has threads, which a fork loses.

    Where nodes rendezvous comes from the environment that the pod is given: MASTER_ADDR, MASTER_PORT, PET_NNODES. Without
    them the training has this node alone.

    Raises:
        Stopped: when it was asked to stop and saved a checkpoint.
        EmbtuneError: when a worker failed; it has said why in the termination log.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    from embtune_trainer.train.worker import work

    nodes = int(os.environ.get("PET_NNODES", "1"))
    config = LaunchConfig(
        min_nodes=nodes,
        max_nodes=nodes,
        nproc_per_node=request.processes,
        run_id=request.digest[:20] if nodes > 1 else uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint=f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}" if nodes > 1 else "localhost:0",
        local_addr=None if nodes > 1 else "localhost",
        max_restarts=0,  # the operator counts attempts
        monitor_interval=0.1,
        start_method=_start_method(),
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    try:
        elastic_launch(config, work)(request.model_dump_json(), os.getpid())
    except SignalException as error:
        raise Stopped("training was asked to stop and saved what it had done; the same job continues there") from error
    except ChildFailedError as error:
        raise _reason(error) from None


def _start_method() -> str:
    """Workers are forked so that they share what is loaded; but a process that may have touched a GPU cannot be forked."""
    return "spawn" if any(Path("/dev").glob("nvidia*")) else "fork"


def _reason(error: ChildFailedError) -> EmbtuneError:
    """What the first failed worker meant by its exit code."""
    _, failure = error.get_first_failure()
    said = _said_already()
    if failure.exitcode == Exit.STOPPED:
        return Stopped(said or "training was asked to stop and saved what it had done")
    if failure.exitcode == Exit.INVALID:
        return InvalidInput(said)
    if failure.exitcode == -signal.SIGKILL:
        return EmbtuneError(
            "a training process was killed (SIGKILL): most often it ran out of memory. Lower training.batchSize, or use the loss "
            "CachedMultipleNegativesRanking with a small miniBatchSize. The next run continues from the last checkpoint"
        )
    return EmbtuneError(said or f"a training process ended with exit code {failure.exitcode}: {failure.message}")


def _said_already() -> str:
    log = os.environ.get("EMBTUNE_TERMINATION_LOG")
    return Path(log).read_text(encoding="utf-8").strip() if log and Path(log).exists() else ""
