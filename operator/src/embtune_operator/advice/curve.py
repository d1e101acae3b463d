"""A learning curve: train on parts of the rows, examine each by the same validation rows, all by the steps of a job.

What is done lies in a store of its own, so that a curve that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from embtune_api import presets
from embtune_api.digest import digest_of
from embtune_api.documents.evaluate import EvaluateFacts
from embtune_api.documents.files import StepManifest
from embtune_api.documents.train import TrainFacts
from embtune_api.errors import EmbtuneError, Exit
from embtune_api.learning_curve import JOB, JOB_KEYS, NAMESPACE, UID
from embtune_api.requests import EvaluateRequest, Judged, TrainRequest
from embtune_api.status import Progress
from embtune_operator.judge.scores import Scores, load_scores
from embtune_operator.local.drive import GRACE_SECONDS, Interrupted, Interrupts
from embtune_operator.local.warm import WarmProcess, start_warm
from embtune_store import documents, open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.documents.files import StoredModel
    from embtune_api.learning_curve import CurveInputs, CurvePart
    from embtune_api.training import Training
    from embtune_store.protocol import Store


_TELL_EVERY = 10.0
"""seconds"""


@dataclass(frozen=True)
class Point:
    """A model that was trained on some of the rows."""

    rows: int
    seed: int
    scores: Scores
    """On the validation rows."""


@dataclass(frozen=True)
class CurveScores:
    base: Scores
    points: list[Point]


def run_curve(inputs: CurveInputs, training: Training, tell: Callable[[str], None]) -> CurveScores:
    """Train and examine every point; then their store is gone.

    Args:
        training: the recipe; what it leaves out is the preset's for as many rows as a point has.
        tell: is given a line for each point.

    Raises:
        Interrupted: Ctrl-C; the points that are done are kept, and the one at work has a checkpoint.
        EmbtuneError: a step failed.
    """
    scores = asyncio.run(_Curve(inputs, training, open_store(inputs.store), tell).run())
    shutil.rmtree(inputs.store, ignore_errors=True)
    return scores


class _Curve:
    def __init__(self, inputs: CurveInputs, training: Training, store: Store, tell: Callable[[str], None]) -> None:
        self._inputs, self._training, self._store, self._tell = inputs, training, store, tell

    async def run(self) -> CurveScores:
        interrupts = Interrupts()
        with tempfile.TemporaryDirectory() as scratch, interrupts.listening():
            warm = WarmProcess(start_warm(Path(scratch) / "warm.log"))
            steps = _Steps(warm, Path(scratch), interrupts, self._store, self._tell)
            try:
                base = await self._examined(self._inputs.base, steps)
                return CurveScores(base, [await self._point(number, steps) for number in range(len(self._inputs.parts))])
            finally:
                await warm.close()

    async def _point(self, number: int, steps: _Steps) -> Point:
        part, started = self._inputs.parts[number], time.monotonic()
        self._tell(f"learning curve, {number + 1} of {len(self._inputs.parts)}: {part.rows} rows, seed {part.seed}")
        model = await self._trained(part, steps)
        scores = await self._examined(model, steps)
        for stored in list(self._store.list(model.prefix)):  # its scores are kept, and its weights are large
            self._store.delete(stored.key)
        self._tell(f"  trained and examined in {time.monotonic() - started:.0f} s")
        return Point(part.rows, part.seed, scores)

    async def _trained(self, part: CurvePart, steps: _Steps) -> StoredModel:
        recipe = self._training.model_copy(update={"seed": self._training.seed + part.seed})
        training = presets.resolve(recipe, part.rows, self._inputs.shape)
        digest = digest_of({"step": "train", "rows": part.train.sha256, "base": self._inputs.base.digest, "training": training})
        request = TrainRequest(
            store=self._store.uri,
            namespace=NAMESPACE,
            model=self._inputs.line,
            job=JOB,
            job_uid=UID,
            digest=digest,
            rows=part.train,
            fingerprints=part.fingerprints,
            base=self._inputs.base,
            training=training,
        )
        return TrainFacts.model_validate((await self._done(request, steps)).facts).model

    async def _examined(self, model: StoredModel, steps: _Steps) -> Scores:
        suites, exam = [self._inputs.suite], self._inputs.exam
        request = EvaluateRequest(
            store=self._store.uri,
            namespace=NAMESPACE,
            model=self._inputs.line,
            job=JOB,
            job_uid=UID,
            digest=digest_of({"step": "evaluate", "exam": exam, "suites": suites, "model": model.digest}),
            exam=exam,
            models=[Judged(role="candidate", model=model)],
            suites=suites,
        )
        facts = EvaluateFacts.model_validate((await self._done(request, steps)).facts)
        return load_scores(self._store, facts.scores[self._inputs.suite.name]["candidate"])

    async def _done(self, request: TrainRequest | EvaluateRequest, steps: _Steps) -> StepManifest:
        """The step's manifest, once it is there."""
        key = JOB_KEYS.step(request.step, request.digest).manifest
        found = documents.read(self._store, key, StepManifest)
        if found is not None and request.step == "train":
            self._tell("  kept from before")
        if found is None:
            await steps.run(request)
            found = documents.read(self._store, key, StepManifest)
        if found is None:
            raise EmbtuneError(f"the step {request.step} of the learning curve left no {key}. Run the same command again.")
        return found


@dataclass(frozen=True)
class _Steps:
    """Runs steps, one after another, in a warm process."""

    warm: WarmProcess
    scratch: Path
    interrupts: Interrupts
    store: Store
    tell: Callable[[str], None]

    async def run(self, request: TrainRequest | EvaluateRequest) -> None:
        """Raises Interrupted, EmbtuneError: what the step said."""
        name = f"{request.step}-{request.digest[:20]}"
        file, log, said = (self.scratch / f"{name}.{ending}" for ending in ("json", "log", "said"))
        file.write_text(request.model_dump_json(), encoding="utf-8")
        running = asyncio.create_task(self.warm.run(name, request.step, file, log, said))
        interrupted = asyncio.create_task(self.interrupts.first.wait())
        told = ""
        while not (running.done() or interrupted.done()):
            await asyncio.wait([running, interrupted], timeout=_TELL_EVERY, return_when=asyncio.FIRST_COMPLETED)
            progress = documents.read(self.store, JOB_KEYS.step(request.step, request.digest).progress, Progress)
            if progress and progress.text != told and not running.done():
                told = progress.text
                self.tell(f"  {told}")
        interrupted.cancel()
        if self.interrupts.first.is_set():
            self.warm.signal(name, signal.SIGTERM)
            hurried = asyncio.create_task(self.interrupts.second.wait())
            await asyncio.wait([running, hurried], timeout=GRACE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            hurried.cancel()
            raise Interrupted(
                "The learning curve was interrupted; what is done is kept, and the same command goes on from there."
            )
        code = await running
        if code != Exit.OK:
            told = said.read_text(encoding="utf-8").strip() if said.exists() else ""
            raise EmbtuneError(told or f"the step {request.step} of the learning curve ended with exit code {code}")
