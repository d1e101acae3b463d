"""A model that was trained elsewhere becomes a version: staged, examined, published, never promoted by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from embtune_api.errors import Exit, StoreError
from embtune_api.evaluation import Suite
from embtune_api.places import SecretRef
from embtune_api.requests import EvaluateRequest, PrepareRequest, PublishRequest
from embtune_operator.cluster import ClusterError
from embtune_operator.kube.cluster import KubeCluster
from embtune_operator.kube.credentials import StepCredentials
from embtune_operator.kube.errors import Unreachable
from embtune_operator.kube.kinds import JOB, MODELVERSION, POD, Kind
from embtune_operator.kube.labels import JOB_UID
from embtune_operator.pipeline.memory import Memory
from embtune_operator.registry.references import find_version
from embtune_operator.registry.release import promote
from embtune_operator.registry.versions import version_numbers
from embtune_operator.service.queue import Key
from embtune_operator.service.scratch import ScratchPass
from embtune_operator.versions.registration.plan import keys_of
from factories import METRIC, NOON, minutes
from integration.lines.conftest import watched
from support.failing import Faults, failing_cluster, failing_store

if TYPE_CHECKING:
    from embtune_operator.world import World
    from integration.lines.conftest import Scene

NAME = "shop-from-outside"
URI = "hf://else/where"
SERVICE_ACCOUNT = Kind("", "v1", "serviceaccounts", "ServiceAccount")


def register(scene: Scene, **spec: Any) -> None:
    scene.freeze_exam()
    scene.create_version(NAME, uri=URI, **spec)


def to_the_end(scene: Scene, world: World | None = None) -> list[str]:
    """Passes and steps until nothing more happens; returns the steps, in order."""
    done: list[str] = []
    for _ in range(12):
        if scene.version_pass(NAME, world) is None:
            return done
        done += scene.work()
    raise AssertionError("it does not come to an end")


def requests(scene: Scene) -> dict[str, Any]:
    return {request.step: request for request in scene.cluster.requests.values()}


def ready(scene: Scene) -> tuple[str, str, str]:
    return scene.condition(MODELVERSION, NAME, "Ready")


def test_a_model_from_outside_becomes_the_next_candidate(scene: Scene) -> None:
    scene.publish(3)
    promote(scene.store, scene.line, 3, "", NOON)
    register(scene)
    assert to_the_end(scene) == ["prepare", "evaluate", "publish"]
    status = scene.status(MODELVERSION, NAME)
    assert (status["version"], status["stage"], status["verdict"]) == (4, "Candidate", "Inconclusive")
    assert (status["score"], status["metrics"]) == ("ndcg@10 0.600", {METRIC: 0.6})
    version = find_version(scene.store, scene.line, "4")
    assert status["digest"] == version.ref.digest
    assert version.evaluation.champion_version == 3
    assert scene.in_production() == 3
    assert scene.told[-1] == (scene.namespace, "shop")


def test_its_steps_are_those_of_a_job_without_data_and_training(scene: Scene) -> None:
    scene.publish(1)
    promote(scene.store, scene.line, 1, "", NOON)
    register(scene, secretRef={"name": "hub"}, profile="small")
    to_the_end(scene)
    asked = requests(scene)
    prepare, evaluate, publish = asked["prepare"], asked["evaluate"], asked["publish"]
    assert isinstance(prepare, PrepareRequest)
    assert (prepare.data, prepare.base_model.uri, prepare.base_model.secret_ref) == (None, URI, SecretRef(name="hub"))
    assert isinstance(evaluate, EvaluateRequest)
    assert ([judged.role for judged in evaluate.models], evaluate.exam) == (["candidate", "champion"], "e" * 64)
    assert evaluate.suites == [Suite()]
    assert isinstance(publish, PublishRequest)
    assert (publish.fingerprints, publish.champion_version, publish.training_config) == (None, 1, {})
    assert publish.lineage["base"] == {"uri": URI, "revision": "c0ffee", "digest": publish.candidate.digest}
    assert publish.lineage["registered"] == NAME


def test_the_first_model_of_a_line_is_examined_with_what_its_exam_can_tell(scene: Scene) -> None:
    scene.freeze_exam("scored pairs")
    scene.create_version(NAME, uri=URI)
    to_the_end(scene)
    assert requests(scene)["evaluate"].suites == [Suite(kind="SemanticSimilarity")]


def test_nothing_is_left_of_it_but_what_says_that_it_was_done(scene: Scene) -> None:
    register(scene)
    to_the_end(scene)
    root = keys_of(scene.read_version(NAME)).root
    assert {found.key.rpartition("/")[2] for found in scene.store.list(root)} == {"manifest.json"}
    assert scene.cluster.states == {}


def test_a_line_without_an_exam_is_waited_for(scene: Scene) -> None:
    scene.create_version(NAME, uri=URI)
    assert scene.version_pass(NAME)
    assert ready(scene)[:2] == ("False", "NoExam")
    assert "run a FineTuneJob of this line first" in ready(scene)[2]
    assert scene.cluster.states == {}
    scene.freeze_exam()
    assert to_the_end(scene) == ["prepare", "evaluate", "publish"]


def test_a_folder_that_is_no_model_fails_for_good(scene: Scene) -> None:
    register(scene)
    scene.version_pass(NAME)
    (name,) = scene.cluster.states
    scene.cluster.end(name, Exit.INVALID, "baseModel.uri: its weights are pickled", NOON, "InvalidInput")
    assert scene.version_pass(NAME) is None
    failed = scene.condition(MODELVERSION, NAME, "Failed")
    assert failed == ("True", "InvalidInput", "baseModel.uri: its weights are pickled")
    assert ready(scene)[:2] == ("False", "InvalidInput")
    scene.cluster.states.clear()
    calls = Faults(lambda _, __: False, RuntimeError)
    assert scene.version_pass(NAME, scene.changed(api=watched(scene.world.api, calls), cluster=scene.cluster)) is None
    assert (calls.calls, scene.cluster.states) == ([], {}), "its spec never changes, so it is not tried again"


def test_a_step_that_fails_is_tried_again_three_times(scene: Scene) -> None:
    register(scene)
    for attempt in range(1, 4):
        scene.version_pass(NAME)
        scene.cluster.end(_running(scene), Exit.FAILED, f"attempt {attempt} had bad luck", NOON, "Error")
    assert scene.version_pass(NAME) is None
    assert scene.condition(MODELVERSION, NAME, "Failed")[1:] == (
        "Error",
        "prepare: 3 attempts failed; the last: attempt 3 had bad luck",
    )


def test_what_is_nobodys_fault_is_tried_again_more_often(scene: Scene) -> None:
    register(scene)
    for _ in range(5):
        scene.version_pass(NAME)
        scene.cluster.end(_running(scene), 137, "the node is gone", NOON, "NodeLost")
    assert to_the_end(scene) == ["prepare", "evaluate", "publish"]


def test_an_attempt_waits_a_while_after_a_failure(scene: Scene) -> None:
    register(scene)
    settings = replace(scene.world.settings, backoff_seconds=60.0)
    scene.version_pass(NAME)
    scene.cluster.end(_running(scene), Exit.FAILED, "bad luck", NOON, "Error")
    assert scene.version_pass(NAME, scene.changed(settings=settings)) == 60
    assert ready(scene) == ("False", "Staging", "prepare is tried again; it failed: bad luck")
    assert len(scene.cluster.states) == 1
    scene.version_pass(NAME, scene.changed(settings=settings, clock=lambda: minutes(2)))
    assert len(scene.cluster.states) == 2


def test_a_cluster_that_has_no_room_is_told(scene: Scene) -> None:
    register(scene)
    full = failing_cluster(scene.cluster, Faults(lambda _, name: name == "create", lambda _: ClusterError("exceeded quota")))
    assert scene.version_pass(NAME, scene.changed(cluster=full))
    assert ready(scene) == ("False", "Rejected", "exceeded quota")
    assert to_the_end(scene) == ["prepare", "evaluate", "publish"]


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "its answer is lost"])
@pytest.mark.parametrize("seed", range(9))
def test_one_version_comes_of_it_whatever_fails_on_the_way(seed: int, after: bool, scene: Scene) -> None:
    register(scene)

    def strikes(number: int, _: str) -> bool:
        return (number + seed) % 9 == 8

    store = failing_store(scene.store, Faults(strikes, StoreError, after))
    cluster = failing_cluster(scene.cluster, Faults(strikes, Unreachable, after))
    api = watched(scene.world.api, Faults(lambda number, _: (number + seed) % 3 == 2, Unreachable, after))
    done: list[str] = []
    for _ in range(60):
        try:
            if scene.version_pass(NAME, scene.changed(store=store, cluster=cluster, api=api)) is None:
                break
        except (StoreError, ClusterError):
            pass
        done += scene.work()
    scene.version_pass(NAME)
    assert version_numbers(scene.store, scene.line) == [1]
    assert scene.status(MODELVERSION, NAME)["stage"] == "Candidate"
    assert done == ["prepare", "evaluate", "publish"]


def test_it_is_published_once_though_its_status_was_lost(scene: Scene) -> None:
    register(scene)
    to_the_end(scene)
    scene.do(scene.world.api.merge(MODELVERSION, scene.namespace, NAME, {"status": None}, subresource="status"))
    assert to_the_end(scene) == []
    assert scene.status(MODELVERSION, NAME)["version"] == 1
    assert version_numbers(scene.store, scene.line) == [1]


def test_a_request_waits_until_it_is_a_version(scene: Scene) -> None:
    register(scene)
    scene.ask(MODELVERSION, NAME, "promote: we know this model")
    to_the_end(scene)
    assert scene.in_production() == 1
    assert scene.status(MODELVERSION, NAME)["stage"] == "Production"
    assert scene.status(MODELVERSION, NAME)["lastRequest"]["outcome"] == "Done"


@pytest.mark.parametrize("steps", range(4))
def test_deleted_on_the_way_nothing_stays(steps: int, scene: Scene) -> None:
    register(scene, deletionPolicy="Delete")
    scene.version_pass(NAME)
    for _ in range(steps):
        scene.version_pass(NAME)
        scene.work()
    scene.version_pass(NAME)
    scene.do(scene.world.api.delete(MODELVERSION, scene.namespace, NAME))
    root = keys_of(scene.read_version(NAME)).root
    if scene.cluster.states:
        assert scene.version_pass(NAME), "its steps are stopped first: they could still publish"
        assert scene.cluster.states == {}
    assert scene.version_pass(NAME) is None
    assert scene.get(MODELVERSION, NAME) is None
    assert list(scene.store.list(root)) == []
    assert version_numbers(scene.store, scene.line) == []


def test_files_are_deleted_when_no_pod_of_a_step_is_left_that_could_still_publish(scene: Scene) -> None:
    register(scene, deletionPolicy="Delete")
    scene.settle(NAME)
    uid = scene.read_version(NAME).metadata.uid
    a_pod(scene, uid)
    scene.do(scene.world.api.delete(MODELVERSION, scene.namespace, NAME))
    scene.version_pass(NAME)
    assert scene.cluster.states == {}
    assert scene.version_pass(NAME), "its Job is gone, its pod has a grace"
    assert scene.get(MODELVERSION, NAME)
    scene.do(scene.world.api.delete(POD, scene.namespace, "publishing"))
    assert scene.version_pass(NAME) is None
    assert scene.get(MODELVERSION, NAME) is None


def test_what_a_registration_left_is_removed_when_it_and_its_pods_are_gone(scene: Scene) -> None:
    register(scene)
    scene.settle(NAME)
    scene.work()
    version = scene.read_version(NAME)
    root, uid = keys_of(version).root, version.metadata.uid
    key, scratch = Key("Scratch", scene.namespace, NAME, uid), ScratchPass(scene.world.api, scene.store, Memory())
    assert scene.do(scratch(key)) is None
    assert list(scene.store.list(root)), "it is there: what said that it is gone was wrong"
    a_pod(scene, uid)
    scene.do(scene.world.api.delete(MODELVERSION, scene.namespace, NAME))
    assert scene.do(scratch(key))
    assert list(scene.store.list(root)), "a pod may still write"
    scene.do(scene.world.api.delete(POD, scene.namespace, "publishing"))
    assert scene.do(scratch(key)) is None
    assert list(scene.store.list(root)) == []


def a_pod(scene: Scene, uid: str) -> None:
    """Of a step of the registration, as it outlives its Job for a while."""
    scene.until(lambda: scene.do(scene.world.api.get(SERVICE_ACCOUNT, scene.namespace, "default")) is not None)
    body = {
        "metadata": {"name": "publishing", "namespace": scene.namespace, "labels": {JOB_UID: uid}},
        "spec": {"containers": [{"name": "step", "image": "trainer"}]},
    }
    scene.do(scene.world.api.create(POD, body))


def test_its_children_belong_to_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "operator")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    register(scene, secretRef={"name": "hub"})
    store = scene.world.platform.store.model_copy(update={"sts": False})
    platform = scene.world.platform.model_copy(update={"store": store})
    cluster = KubeCluster(scene.world.api, platform, StepCredentials(scene.world.api, platform))
    world = scene.changed(cluster=cluster, platform=platform)
    for _ in range(2):
        assert scene.version_pass(NAME, world)
    (child,) = scene.do(scene.world.api.list(JOB, scene.namespace))
    (owner,) = child["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("ModelVersion", scene.read_version(NAME).metadata.uid)
    volumes = [volume["secret"]["secretName"] for volume in child["spec"]["template"]["spec"]["volumes"] if "secret" in volume]
    assert "hub" in volumes
    scene.do(scene.world.api.delete(MODELVERSION, scene.namespace, NAME))
    scene.until(lambda: not scene.do(scene.world.api.list(JOB, scene.namespace)))


def _running(scene: Scene) -> str:
    return next(name for name, state in scene.cluster.states.items() if state.state == "Running")
