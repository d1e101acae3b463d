"""Whatever happens to a job on its way, the same comes of it, and its status says what happened.

The jobs have the same spec, each in a namespace of its own; one of them is left alone.
"""

import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from e2e.frozen import frozen
from e2e.goods import Goods
from e2e.installation import Installation
from e2e.jobs import NAME, job
from e2e.outcome import failures, outcome
from e2e.team import PHASES, Team
from e2e.warehouse import Warehouse
from embtune_api.status import StepName
from embtune_operator.kube.credentials import EXPIRES_AT
from embtune_store.protocol import Store
from support.projection import Projection

STEPS: tuple[StepName, ...] = ("prepare", "train", "evaluate", "publish")
LONG_AGO = "2020-01-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def undisturbed(new_team: Callable[[str], Team], goods: Goods, store: Store) -> Projection:
    team = new_team("undisturbed")
    team.apply(job(goods))
    done = team.wait_for_end(NAME)
    assert failures(done) == {}
    return outcome(store, done)


def test_a_pod_is_deleted_in_each_step(
    new_team: Callable[[str], Team], goods: Goods, store: Store, undisturbed: Projection
) -> None:
    team = new_team("pods")
    team.apply(job(goods))
    for step in STEPS:
        pod = _at_work(team, step)
        team.kubectl("delete", "pod", pod, "--wait=false", *(["--grace-period=1"] if step != "train" else []))
    done = team.wait_for_end(NAME)
    assert outcome(store, done) == undisturbed
    assert {step: set(reasons) for step, reasons in failures(done).items()} == {step: {"Deleted"} for step in STEPS}


def test_the_child_is_deleted_in_each_step(
    new_team: Callable[[str], Team], goods: Goods, store: Store, undisturbed: Projection
) -> None:
    team = new_team("children")
    team.apply(job(goods))
    for step in STEPS:
        _at_work(team, step)
        (child,) = team.children(NAME, step)
        team.kubectl("delete", f"{child['kind'].lower()}/{child['metadata']['name']}", "--wait=false")
    done = team.wait_for_end(NAME)
    assert outcome(store, done) == undisturbed
    assert failures(done) == {step: ["Deleted"] for step in STEPS}


def test_the_operator_dies_in_each_phase(
    new_team: Callable[[str], Team], goods: Goods, store: Store, undisturbed: Projection, installation: Installation
) -> None:
    team = new_team("operator")
    team.apply(job(goods))
    for phase in PHASES[: len(STEPS)]:
        team.wait_for_phase(NAME, phase)
        installation.kill_leader()
    done = team.wait_for_end(NAME)
    assert outcome(store, done) == undisturbed
    assert failures(done) == {}
    assert {child["metadata"]["labels"]["embtune.dev/attempt"] for child in team.children(NAME)} == {"1"}


def test_a_training_is_killed_by_the_kernel_when_it_is_over_its_memory(
    new_team: Callable[[str], Team], goods: Goods, store: Store, undisturbed: Projection
) -> None:
    team = new_team("memory")
    team.apply(job(goods))
    pod = _at_work(team, "train")
    with frozen(team.pods_at_work(NAME, "train")), suppress(subprocess.CalledProcessError):  # the shell ends with its container
        team.kubectl("exec", pod, "--", "sh", "-c", "head -c 4G /dev/zero >/dev/shm/ballast")
    done = team.wait_for_end(NAME)
    assert outcome(store, done) == undisturbed
    assert failures(done) == {"train": ["OutOfMemory"]}
    assert done.status
    (retried,) = (condition for condition in done.status.conditions if condition.type == "Retried")
    assert retried.reason == "OutOfMemory"
    assert "its limit is 3Gi" in retried.message


def test_a_training_that_stands_still_is_ended_and_tried_again(
    new_team: Callable[[str], Team], goods: Goods, store: Store, undisturbed: Projection
) -> None:
    team = new_team("stall")
    team.apply(job(goods))
    _at_work(team, "train")
    with frozen(team.pods_at_work(NAME, "train")):
        team.wait("the second attempt", lambda: len(team.children(NAME, "train")) == 2 or failures(team.job(NAME)))
    done = team.wait_for_end(NAME)
    assert outcome(store, done) == undisturbed
    assert failures(done) == {"train": ["Stalled"]}


def test_credentials_are_revoked_and_replaced_in_the_middle_of_training(
    new_team: Callable[[str], Team],
    goods: Goods,
    store: Store,
    undisturbed: Projection,
    warehouse: Warehouse,
    installation: Installation,
) -> None:
    """They are replaced at half their life. A new leader looks at them anew, and is told that this is over."""
    team = new_team("credentials")
    team.apply(job(goods))
    _at_work(team, "train")
    before = _credentials(team)
    with frozen(team.pods_at_work(NAME, "train")):
        warehouse.revoke_sessions()
        team.kubectl("annotate", "secret", "-l", f"embtune.dev/job={NAME}", "--overwrite", f"{EXPIRES_AT}={LONG_AGO}")
        installation.kill_leader()
        team.wait("other credentials", lambda: _credentials(team)["data"] != before["data"])
    done = team.wait_for_end(NAME)
    assert outcome(store, done) == undisturbed
    assert failures(done) == {}


def _at_work(team: Team, step: StepName) -> str:
    """A pod of the step: of a training when it trains, of an evaluation when it runs, else as soon as it is there."""
    if step == "train":
        team.wait("the training's first steps", lambda: _steps_done(team) >= 1)
    pod = team.wait_for_pod(NAME, step)
    if step == "evaluate":
        team.kubectl("wait", f"pod/{pod}", "--for=condition=Ready", "--timeout=120s")
    return pod


def _steps_done(team: Team) -> int:
    """Of the optimizer, as the status shows it."""
    status = team.job(NAME).status
    return (status.progress.step or 0) if status and status.phase == "Training" and status.progress else 0


def _credentials(team: Team) -> dict[str, Any]:
    """The Secret of the training."""
    (found,) = (secret for secret in team.all("secrets") if secret["metadata"]["name"].endswith("-store-train"))
    return found
