"""What each thing that a watch shows sets off."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from embtune_operator.kube import labels
from embtune_operator.kube.kinds import EMBEDDINGMODEL, FINETUNEJOB, JOB, MODELVERSION, POD, Kind
from embtune_operator.service.queue import Key, Queue
from embtune_operator.service.resources import Resources
from embtune_operator.service.sightings import child_sighting_of, sighting_of
from embtune_operator.service.triggers import SCRATCH, Triggers
from factories import a_job

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
JOB_KEY = Key("FineTuneJob", "search", "shop-1")
VERSION_KEY = Key("ModelVersion", "search", "shop-v1")
STORE_KEY = Key("Store", "", "")
LINE_KEY = Key("EmbeddingModel", "search", "shop")


@dataclass
class Operator:
    """Everything between the watches and the workers."""

    now: float = 0.0
    queue: Queue = field(init=False)
    resources: Resources = field(default_factory=Resources)
    triggers: Triggers = field(init=False)

    def __post_init__(self) -> None:
        self.queue = Queue(lambda: self.now)
        self.triggers = Triggers(self.resources, self.queue)
        self.triggers.leads()
        self.works()

    def sees(self, kind: Kind, body: dict[str, Any], *, gone: bool = False) -> None:
        self.triggers.saw(sighting_of(kind, body, gone=gone, now=NOW))

    def sees_child(self, kind: Kind, body: dict[str, Any], *, gone: bool = False) -> None:
        seen = child_sighting_of(kind, body, gone=gone)
        assert seen
        self.triggers.saw(seen)

    def works(self) -> list[Key]:
        """Takes everything that is due, and is done with it."""
        done = []
        while found := self.queue.take():
            done.append(found.key)
            self.queue.done(found.key)
        return done


@pytest.fixture
def operator() -> Operator:
    return Operator()


def job_body(generation: int = 1, uid: str = "uid-1", status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    body = a_job(uid=uid).model_dump(mode="json", by_alias=True, exclude_none=True)
    named = {"name": "shop-1", "namespace": "search", "uid": uid, "generation": generation, **metadata}
    return {**body, "metadata": named, **({"status": status} if status else {})}


def finished(generation: int = 1, **status: Any) -> dict[str, Any]:
    return {"phase": "Succeeded", "observedGeneration": generation, "finishedAt": NOW.isoformat(), **status}


def version_body(stage: str = "Candidate", ready: bool = True, **metadata: Any) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True" if ready else "False", "reason": "x", "lastTransitionTime": NOW.isoformat()}
    return {
        "metadata": {"name": "shop-v1", "namespace": "search", "uid": "uid-v1", "generation": 1, **metadata},
        "spec": {"model": "shop", "version": 1, "digest": "0" * 64},
        "status": {"observedGeneration": 1, "stage": stage, "version": 1, "conditions": [condition]},
    }


def child(status: dict[str, Any], uid: str = "uid-c", owner: str = "uid-1") -> dict[str, Any]:
    named = {"name": "ft-1", "namespace": "search", "uid": uid, "labels": {labels.JOB_UID: owner}}
    return {"metadata": named, "spec": {}, "status": status}


def condition(name: str) -> dict[str, Any]:
    return {"conditions": [{"type": name, "status": "True"}]}


def test_a_new_job_is_looked_at(operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body())
    assert operator.works() == [JOB_KEY]


def test_our_own_writes_of_status_set_nothing_off(operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body())
    operator.works()
    operator.sees(FINETUNEJOB, job_body(status={"phase": "Preparing", "observedGeneration": 1}, resourceVersion="7"))
    assert operator.works() == []
    assert operator.resources.jobs_by_phase() == {"Preparing": 1}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"generation": 2}, id="its spec has changed"),
        pytest.param({"annotations": {"embtune.dev/request": "suspend"}}, id="somebody asks for something"),
        pytest.param({"deletionTimestamp": NOW.isoformat()}, id="it is being deleted"),
    ],
)
def test_a_job_is_looked_at_again_when(change: dict[str, Any], operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body())
    operator.works()
    operator.sees(FINETUNEJOB, job_body(**change))
    assert operator.works() == [JOB_KEY]


def test_a_finished_job_costs_nothing_at_all(operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body(status=finished()))
    operator.sees_child(JOB, child(condition("Complete")))
    assert operator.works() == []
    assert operator.queue.next_at() is None


def test_a_finished_job_is_looked_at_when_it_is_to_be_cleaned(operator: Operator) -> None:
    body = job_body(status=finished(finishedAt=(NOW - timedelta(seconds=40)).isoformat()))
    body["spec"]["ttlSecondsAfterFinished"] = 100
    operator.sees(FINETUNEJOB, body)
    assert operator.works() == []
    operator.now += 62
    assert operator.works() == [JOB_KEY]


def test_a_finished_job_is_looked_at_when_somebody_asks_for_something(operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body(status=finished()))
    operator.sees(FINETUNEJOB, job_body(status=finished(), annotations={"embtune.dev/request": "suspend"}))
    assert operator.works() == [JOB_KEY]


def test_a_finished_job_that_cannot_be_read_is_looked_at(operator: Operator) -> None:
    body = job_body(status=finished())
    body["spec"]["training"] = {"epochs": "many"}
    operator.sees(FINETUNEJOB, body)
    assert operator.works() == [JOB_KEY]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        pytest.param(JOB, condition("Complete"), id="its Job is complete"),
        pytest.param(JOB, condition("Failed"), id="its Job has failed"),
        pytest.param(POD, {"phase": "Failed"}, id="its pod has failed"),
        pytest.param(
            POD,
            {"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]},
            id="its pod has no image",
        ),
    ],
)
def test_a_job_is_looked_at_once_when(kind: Kind, status: dict[str, Any], operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body())
    operator.works()
    operator.sees_child(kind, child({}))
    assert operator.works() == []  # just made, as we know
    operator.sees_child(kind, child(status))
    assert operator.works() == [JOB_KEY]
    operator.sees_child(kind, child({**status, "observedGeneration": 3}))
    assert operator.works() == []


@pytest.mark.parametrize("phase", ["Running", "Succeeded"])
def test_a_pod_that_comes_on_as_it_should_makes_no_work(phase: str, operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body())
    operator.works()
    operator.sees_child(POD, child({"phase": phase}))
    assert operator.works() == []


def test_a_job_is_looked_at_when_somebody_deletes_its_child(operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body())
    operator.works()
    operator.sees_child(POD, child({"phase": "Running"}))
    operator.works()
    operator.sees_child(POD, child({"phase": "Running"}), gone=True)
    assert operator.works() == [JOB_KEY]


def test_a_deleted_job_leaves_only_its_scratch_objects_to_be_removed(operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body())
    operator.sees(FINETUNEJOB, job_body(), gone=True)
    assert operator.works() == [Key(SCRATCH, "search", "shop-1", "uid-1")]
    assert operator.resources.get(JOB_KEY) is None


def test_a_job_that_was_deleted_and_made_again_is_another_one(operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body(status=finished()))
    operator.sees(FINETUNEJOB, job_body(uid="uid-2"))
    assert set(operator.works()) == {JOB_KEY, Key(SCRATCH, "search", "shop-1", "uid-1")}, "though nobody said that it is gone"
    operator.sees(FINETUNEJOB, job_body(), gone=True)  # news of the first one, late
    assert operator.works() == [Key(SCRATCH, "search", "shop-1", "uid-1")]
    known = operator.resources.get(JOB_KEY)
    assert known
    assert known.uid == "uid-2"


def test_what_was_left_while_another_one_led_is_removed_by_whoever_leads_next(operator: Operator) -> None:
    operator.triggers.leads_no_longer()
    for number in range(1001):
        operator.sees(FINETUNEJOB, job_body(uid=f"uid-{number}"))
        operator.sees(FINETUNEJOB, job_body(uid=f"uid-{number}"), gone=True)
    assert operator.works() == []
    operator.triggers.leads()
    left = [Key(SCRATCH, "search", "shop-1", f"uid-{number}") for number in range(1, 1001)]
    assert [key for key in operator.works() if key.kind == SCRATCH] == left
    operator.triggers.leads()
    assert operator.works() == [STORE_KEY]


def test_a_version_that_is_shown_as_it_is_rests_until_its_line_changes(operator: Operator) -> None:
    operator.sees(MODELVERSION, version_body())
    assert operator.works() == []
    operator.triggers.line_changed("search", "shop")
    assert operator.works() == [VERSION_KEY]


def test_a_version_that_is_not_ready_is_looked_at(operator: Operator) -> None:
    operator.sees(MODELVERSION, version_body(ready=False))
    assert operator.works() == [VERSION_KEY]


def test_a_wish_on_a_version_is_looked_at_until_it_is_answered(operator: Operator) -> None:
    operator.sees(MODELVERSION, version_body())
    wished = version_body(annotations={"embtune.dev/request": "promote"})
    operator.sees(MODELVERSION, wished)
    assert operator.works() == [VERSION_KEY]
    wished["status"]["lastRequest"] = {"value": "promote", "outcome": "Done"}
    operator.sees(MODELVERSION, wished)
    operator.triggers.leads_no_longer()
    operator.triggers.leads()
    assert operator.works() == [STORE_KEY]


def test_an_embedding_model_is_looked_at_when_a_job_of_its_line_moves(operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body())
    line = {"metadata": {"name": "shop", "namespace": "search", "uid": "uid-e", "generation": 1}, "spec": {}}
    operator.sees(EMBEDDINGMODEL, {"apiVersion": "embtune.dev/v1alpha1", "kind": "EmbeddingModel", **line})
    operator.works()
    operator.sees(FINETUNEJOB, job_body(status={"phase": "Training"}))
    assert operator.works() == [LINE_KEY]


def test_an_embedding_model_is_looked_at_when_a_job_of_its_line_is_deleted(operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body(status=finished()))
    line = {"metadata": {"name": "shop", "namespace": "search", "uid": "uid-e", "generation": 1}, "spec": {}}
    operator.sees(EMBEDDINGMODEL, {"apiVersion": "embtune.dev/v1alpha1", "kind": "EmbeddingModel", **line})
    operator.works()
    operator.sees(FINETUNEJOB, job_body(status=finished()), gone=True)
    assert set(operator.works()) == {LINE_KEY, Key(SCRATCH, "search", "shop-1", "uid-1")}


def test_a_registration_that_is_deleted_half_way_leaves_its_scratch_objects_to_be_removed(operator: Operator) -> None:
    body = version_body(ready=False)
    body["spec"], body["status"] = {"model": "shop", "uri": "hf://a/b"}, {}
    operator.sees(MODELVERSION, body)
    operator.works()
    operator.sees(MODELVERSION, body, gone=True)
    assert operator.works() == [Key(SCRATCH, "search", "shop-v1", "uid-v1")]


def test_an_embedding_model_holds_promotions(operator: Operator) -> None:
    assert operator.resources.hold("search", "shop") is None
    line = {
        "apiVersion": "embtune.dev/v1alpha1",
        "kind": "EmbeddingModel",
        "metadata": {"name": "shop", "namespace": "search", "uid": "uid-e", "generation": 1},
        "spec": {"release": {"pin": 3}},
    }
    operator.sees(EMBEDDINGMODEL, line)
    hold = operator.resources.hold("search", "shop")
    assert hold is not None
    assert "v3" in hold.reason
    operator.sees(EMBEDDINGMODEL, line, gone=True)
    assert operator.resources.hold("search", "shop") is None


def test_who_does_not_lead_plans_nothing_and_looks_at_everything_when_it_leads(operator: Operator) -> None:
    operator.triggers.leads_no_longer()
    operator.sees(FINETUNEJOB, job_body())
    operator.sees(MODELVERSION, version_body())
    operator.sees_child(POD, child({"phase": "Failed"}))
    assert operator.works() == []
    operator.triggers.leads()
    assert operator.works() == [STORE_KEY, JOB_KEY]


def test_a_new_job_is_handed_to_its_first_pass_as_it_was_last_seen(operator: Operator) -> None:
    operator.sees(FINETUNEJOB, job_body())
    edited = job_body(generation=2)
    operator.sees(FINETUNEJOB, edited)
    assert operator.triggers.unread(JOB_KEY) == edited
    assert operator.triggers.unread(JOB_KEY) is None, "the second pass asks the API server"


@pytest.mark.parametrize("end", ["deleted", "status", "leads no longer"])
def test_what_was_seen_of_a_new_job_is_not_kept_beyond_that(operator: Operator, end: str) -> None:
    operator.sees(FINETUNEJOB, job_body())
    if end == "deleted":
        operator.sees(FINETUNEJOB, job_body(), gone=True)
    elif end == "status":
        operator.sees(FINETUNEJOB, job_body(status={"phase": "Preparing"}))
    else:
        operator.triggers.leads_no_longer()
    assert operator.triggers.unread(JOB_KEY) is None
