"""A line with two jobs, a tiny model and real rows: what the chaos tests run, and what an undisturbed run of it gives."""

import json
import shutil
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from embtune_api.keys import JobKeys, LineKeys, StepKeys
from embtune_api.resources import FineTuneJob
from embtune_operator.identity import with_local_uid
from embtune_operator.jobfile import load_job
from embtune_store import Store, open_store
from integration.chaos.leftovers import Phase, half_done, phase_of
from support.nursery import Nursery, Run
from support.projection import Projection, projection
from support.rows import tldr_pairs
from support.turnstile import Change, Turnstile

LINE = LineKeys("search", "line")
CHECKPOINT_STEPS = 8
JOB = """\
apiVersion: embtune.dev/v1alpha1
kind: FineTuneJob
metadata: {{name: {name}, namespace: search}}
spec:
  model: line
  baseModel: {base}
  data:
    train: [{{uri: {data}}}]
    split: {{validation: 0.1, test: 0.2, groupBy: group, seed: 7}}
  training: {{epochs: {epochs}, batchSize: 16, learningRate: 1.0e-3, maxSeqLength: 24, seed: {seed},
             checkpointSteps: {checkpoint_steps}, precision: fp32, deterministic: true}}
  promotion:
    gates:
    - {{metric: "test/ndcg@10", min: 0.1}}
    - {{metric: "test/ndcg@10", minDelta: -0.5, against: Production}}
"""
FROM_OUTSIDE = "{uri: base/model}"
FROM_PRODUCTION = "{version: {model: line, ref: production}}"


@dataclass(frozen=True)
class Step:
    """One change of the store in an undisturbed run, with what the store was like right after it."""

    change: Change
    at: float
    """Seconds since the command was started."""
    phase: Phase
    half_done: frozenset[str]


@dataclass(frozen=True)
class Reference:
    """An undisturbed run."""

    store: Path
    projection: Projection
    steps: list[Step]

    def window(self, name: str) -> list[Change]:
        """The changes after which that commit is half done. Progress is rewritten when time has passed: it tells nothing."""
        return [s.change for s in self.steps if name in s.half_done and not s.change.key.endswith("progress.json")]

    def span(self, phase: Phase) -> tuple[float, float]:
        """When a phase began and ended, in seconds since the command was started."""
        # The command starts before its first change, and on a fast disk the first that is seen can be of the next phase.
        phases: list[tuple[Phase, float]] = [("start", 0.0), *((step.phase, step.at) for step in self.steps)]
        inside = [number for number, (name, _) in enumerate(phases) if name == phase]
        return phases[inside[0]][1], phases[inside[-1] + 1][1]

    def first_change(self, phase: Phase) -> Change:
        return next(step.change for step in self.steps if step.phase == phase)


@dataclass(frozen=True)
class JobFile:
    """A job as a user has it."""

    path: Path

    @cached_property
    def job(self) -> FineTuneJob:
        return with_local_uid(load_job(self.path), self.path.parent)

    @property
    def keys(self) -> JobKeys:
        return JobKeys(self.job.metadata.namespace, self.job.metadata.name, self.job.metadata.uid)

    def start(self, nursery: Nursery, store: Path, scratch: Path | None = None) -> Run:
        """`embtune run JOB.yaml --store STORE --json`"""
        return nursery.embtune("run", str(self.path), "--store", str(store), "--json", scratch=scratch)

    def step(self, store: Path, name: str) -> StepKeys | None:
        """Where a step's output lies; None when it has left nothing."""
        folders = sorted((store / self.keys.root / name).glob("*"))
        return StepKeys(folders[0].relative_to(store).as_posix()) if folders else None


@dataclass(frozen=True)
class World:
    folder: Path

    def write_job(self, name: str, base: str, rows: int, **changes: int) -> JobFile:
        """A job's file with data of its own beside it."""
        data = self.folder / f"{name}.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in real_rows(rows)))
        values = {"epochs": 2, "seed": 7, "checkpoint_steps": CHECKPOINT_STEPS, **changes}
        path = self.folder / f"{name}.yaml"
        path.write_text(JOB.format(name=name, base=base, data=data.name, **values))
        return JobFile(path)

    @cached_property
    def first(self) -> JobFile:
        """The line's first job: it freezes the exam and publishes version 1."""
        return self.write_job("first", FROM_OUTSIDE, rows=500)

    @cached_property
    def second(self) -> JobFile:
        """From version 1, with more data and another seed, against a champion."""
        return self.write_job("second", FROM_PRODUCTION, rows=600, seed=8)


def make_world(folder: Path, nursery: Nursery, hidden: int = 64) -> World:
    texts = folder / "texts"
    texts.write_text("\n".join(" ".join(row[name].split()) for row in real_rows(600) for name in ("anchor", "positive")))
    nursery.make_tiny_model(folder / "base", texts, hidden)
    return World(folder)


def real_rows(count: int) -> list[dict[str, str]]:
    """Every other row of the example, so that there are many families."""
    return tldr_pairs(2 * count)[::2]


def undisturbed(nursery: Nursery, job: JobFile, store: Path) -> Reference:
    """Run a job to its end, and note every change of the store."""
    started = time.monotonic()
    steps: list[Step] = []
    with Turnstile(store) as turnstile:
        run = job.start(nursery, store)
        for change in turnstile.changes(lambda: run.ended):
            left = frozenset(half_done(store, job.keys, LINE))
            steps.append(Step(change, time.monotonic() - started, phase_of(store, job.keys), left))
    assert run.wait() == 0, run.err
    return Reference(store, seen_at_the_end(run, store), steps)


def seen_at_the_end(run: Run, store: Path) -> Projection:
    """The projection of what a run printed and left."""
    return projection(opened(store), FineTuneJob.model_validate_json(run.out))


def opened(store: Path) -> Store:
    return open_store(str(store))


def copied(store: Path, target: Path) -> Path:
    """A copy of a store, as a backup would be."""
    shutil.copytree(store, target)
    return target
