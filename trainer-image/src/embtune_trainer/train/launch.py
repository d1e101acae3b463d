"""torchrun, started from within: one agent a node, which starts and watches the workers."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from embtune_api.errors import EmbtuneError, Exit, InvalidInput, Stopped
from embtune_api.requests import TrainRequest
from embtune_trainer.train.rendezvous import PATIENCE, Rendezvous, rendezvous_of

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

SHUTDOWN_SECONDS = 300
"""How long workers have to write a checkpoint after SIGTERM; torchrun's own 30 s are too short for a large model."""
ALONE = 77
"""Exit code of a worker that lost the others, through no fault of its own; not seen outside."""


def run_train(request: TrainRequest) -> None:
    """Train, unless the manifest is there already. This process itself leaves the store alone: workers are forked from it, and
    a client of S3 has threads, which a fork loses.

    Where nodes meet comes from the environment that the pod is given: see `rendezvous`.

    Raises:
        Stopped: when it was asked to stop and saved a checkpoint.
        EmbtuneError: when a worker failed; it has said why in the termination log. Or when another node did, which only that
            node can explain.
    """
    from torch.distributed import DistNetworkError
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    from embtune_trainer.train.worker import work

    place = rendezvous_of()
    if place is not None:
        place.wait()
    nodes = place.nodes if place else 1
    config = LaunchConfig(
        min_nodes=nodes,
        max_nodes=nodes,
        nproc_per_node=request.processes,
        run_id=request.digest[:20] if place else uuid.uuid4().hex,
        rdzv_backend="static" if place else "c10d",  # static: ranks follow the nodes' own numbers
        rdzv_endpoint=place.endpoint if place else "localhost:0",
        rdzv_configs={"rank": place.node, "timeout": int(PATIENCE)} if place else {},
        local_addr=place.address if place and place.node == 0 else None if place else "localhost",
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
        raise _reason(error, place) from None
    except DistNetworkError as error:
        raise EmbtuneError(f"the nodes of the training did not come together: {error}") from None


def _start_method() -> str:
    """Workers are forked so that they share what is loaded; but a process that may have touched a GPU cannot be forked."""
    return "spawn" if any(Path("/dev").glob("nvidia*")) else "fork"


def _reason(error: ChildFailedError, place: Rendezvous | None) -> EmbtuneError:
    """What the first worker that failed by itself meant by its exit code."""
    failures = sorted(error.failures.values(), key=lambda failure: (failure.exitcode == ALONE, failure.timestamp))
    failure, said = failures[0], _said_already()
    if failure.exitcode == Exit.STOPPED:
        return Stopped(said or "training was asked to stop and saved what it had done")
    if failure.exitcode == Exit.INVALID:
        return InvalidInput(said)
    if failure.exitcode == -signal.SIGKILL:
        return EmbtuneError(
            "a training process was killed (SIGKILL): most often the machine ran out of memory. Set training.microBatchSize to a "
            "fraction of the batch: the batch itself, and what is learnt, stay the same. The same job continues from its last "
            "checkpoint"
        )
    if failure.exitcode == ALONE and place is not None:
        return EmbtuneError(
            f"node {place.node} of {place.nodes} lost the other nodes: one of them has ended, and its own pod says why. "
            f"The next run continues from the last checkpoint"
        )
    return EmbtuneError(said or f"a training process ended with exit code {failure.exitcode}: {failure.message}")


def _said_already() -> str:
    log = os.environ.get("EMBTUNE_TERMINATION_LOG")
    return Path(log).read_text(encoding="utf-8").strip() if log and Path(log).exists() else ""
