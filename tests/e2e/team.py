"""A tenant of the cluster: a namespace that enforces `restricted`, a Secret for its data, and what happens in it."""

import json
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cluster.fixtures import Node
from e2e.namespaces import new_namespace
from e2e.warehouse import Warehouse
from embtune_api.resources import FineTuneJob

Object = dict[str, Any]
ENDED = ("Succeeded", "Failed")
PHASES = ("Preparing", "Training", "Evaluating", "Publishing", *ENDED)
PYTORCHJOBS = "pytorchjobs.kubeflow.org"
LOOK_SECONDS = 1.0
SHOWN_LINES = 60


class DidNotHappen(AssertionError):
    """What was waited for did not come; the message holds what the cluster says about it."""


@dataclass(frozen=True)
class Team:
    node: Node
    namespace: str

    def kubectl(self, *arguments: object, stdin: str | None = None) -> str:
        return self.node.kubectl("--namespace", self.namespace, *arguments, stdin=stdin)

    def apply(self, body: Object) -> None:
        self.kubectl("apply", "-f", "-", stdin=json.dumps(body))

    def all(self, kind: str, labels: str = "") -> list[Object]:
        selector = ["--selector", labels] if labels else []
        found: list[Object] = json.loads(self.kubectl("get", kind, "-o", "json", *selector))["items"]
        return found

    def one(self, kind: str, name: str) -> Object | None:
        found = self.kubectl("get", kind, name, "--ignore-not-found", "-o", "json")
        return json.loads(found) if found else None

    def job(self, name: str) -> FineTuneJob:
        return FineTuneJob.model_validate(self.one("finetunejob", name))

    def phase(self, name: str) -> str:
        status = self.job(name).status
        return status.phase if status else ""

    def children(self, job: str, step: str = "") -> list[Object]:
        """Jobs and PyTorchJobs, oldest first."""
        labels = _labels(job, step) if step else f"embtune.dev/job={job}"
        kinds = ["jobs", "pytorchjobs"] if self.node.kubectl("get", "crd", PYTORCHJOBS, "--ignore-not-found") else ["jobs"]
        found = [child for kind in kinds for child in self.all(kind, labels)]
        return sorted(found, key=lambda child: str(child["metadata"]["creationTimestamp"]))

    def pods(self, job: str, step: str) -> list[Object]:
        return self.all("pods", _labels(job, step))

    def pods_at_work(self, job: str, step: str) -> list[Object]:
        """Those that have not ended, and that nobody has deleted."""
        return [
            pod
            for pod in self.pods(job, step)
            if pod["status"].get("phase") in ("Pending", "Running") and "deletionTimestamp" not in pod["metadata"]
        ]

    def wait(self, what: str, happened: Callable[[], Any], seconds: float = 600) -> Any:
        """What `happened` returns when it is something. Says what is waited for."""
        say(f"{self.namespace}: waits for {what}")
        begin = time.monotonic()
        while not (found := happened()):
            if time.monotonic() > begin + seconds:
                raise DidNotHappen(f"{what}: not within {seconds:.0f} s\n{self.story()}")
            time.sleep(LOOK_SECONDS)
        say(f"{self.namespace}: {what} after {time.monotonic() - begin:.0f} s")
        return found

    def wait_for_phase(self, name: str, phase: str) -> None:
        """That one, or a later one: some are short."""
        self.wait(f"phase {phase} of {name}", lambda: self.phase(name) in PHASES[PHASES.index(phase) :])

    def wait_for_pod(self, job: str, step: str, seconds: float = 300) -> str:
        """The name of the step's pod at the moment that it is made: short steps end before one has looked twice."""
        say(f"{self.namespace}: watches for the pod of {step}")
        watch = ["get", "pods", "-n", self.namespace, "-l", _labels(job, step), "--watch", "-o", "name"]
        with self.node.kubectl_process(*watch) as process:
            try:
                assert process.stdout
                if not select.select([process.stdout], [], [], seconds)[0]:
                    raise DidNotHappen(f"the pod of {step}: not within {seconds:.0f} s\n{self.story()}")
                return process.stdout.readline().strip().removeprefix("pod/")
            finally:
                process.kill()

    def wait_for_end(self, name: str, phase: str = "Succeeded", seconds: float = 600) -> FineTuneJob:
        self.wait(f"the end of {name}", lambda: self.phase(name) in ENDED, seconds)
        job = self.job(name)
        if job.status is None or job.status.phase != phase:
            raise DidNotHappen(f"{name} has not {phase}\n{self.story()}")
        return job

    def story(self) -> str:
        """Everything that somebody would ask for who has to find out what went wrong."""
        pods = self._said("get", "pods", "-o", "name").split()
        asked: list[tuple[str, ...]] = [
            ("get", "finetunejobs,modelversions,embeddingmodels,jobs,pods"),
            ("get", "finetunejobs,modelversions,embeddingmodels", "-o", "yaml"),
            ("get", "events", "--sort-by=.lastTimestamp"),
            *(("logs", pod, f"--tail={SHOWN_LINES}") for pod in pods),
        ]
        return "\n".join(f"$ kubectl {' '.join(words)}\n{self._said(*words)}" for words in asked)

    def _said(self, *words: str) -> str:
        """What kubectl prints, or how it fails."""
        try:
            return self.kubectl(*words)
        except subprocess.CalledProcessError as refused:
            return str(refused.stderr)


@contextmanager
def team_of(node: Node, warehouse: Warehouse, namespace: str) -> Iterator[Team]:
    new_namespace(node, namespace)
    team = Team(node, namespace)
    try:
        literals = [f"--from-literal={name}={value}" for name, value in warehouse.tenant_environ().items()]
        team.kubectl("create", "secret", "generic", "datasets", *literals)
        yield team
    finally:
        node.kubectl("delete", "namespace", namespace, "--timeout=240s", "--wait=false")


def _labels(job: str, step: str) -> str:
    return f"embtune.dev/job={job},embtune.dev/step={step}"


def say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
