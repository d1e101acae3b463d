"""What a minted session lets a step do, and what not: asked of a real MinIO."""

import itertools
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from embtune_api.credentials import StoreCredentials
from embtune_api.errors import InvalidInput, NotFound, StoreDenied
from embtune_api.keys import LineKeys
from embtune_api.replay import Replay
from embtune_api.replayed import Replayed
from embtune_api.requests import AnyRequest, EvaluateRequest, PrepareRequest, TrainRequest
from embtune_api.status import StepName
from embtune_operator.kube.platform import StoreSettings
from embtune_operator.kube.policies import LONGEST, policy_for
from embtune_operator.kube.sessions import mint, own_credentials
from embtune_store import Store, open_store
from embtune_store.access import Access
from factories import a_file, a_model
from support.kube_children import a_cluster_job, a_request

LINE, OTHER_LINE = LineKeys("search", "shop"), LineKeys("search", "blog")
JOB = "search/jobs/shop-1/uid-1"


def a_step(settings: StoreSettings, step: StepName, **changes: object) -> AnyRequest:
    return a_request(a_cluster_job(), step).model_copy(update={"store": settings.uri, **changes})


def session(settings: StoreSettings, policy: str) -> Store:
    """The store as a step with that policy sees it."""
    minted: StoreCredentials = mint(settings, own_credentials(), policy, "tests")
    return open_store(settings.uri, Access(settings.endpoint or "", settings.region, lambda: minted))


@pytest.fixture
def full(settings: StoreSettings) -> Store:
    """The store as the operator sees it, with something at each place."""
    store = open_store(settings.uri)
    for key in (
        LINE.owner,
        LINE.release,
        LINE.line_exam,
        LINE.exam("e").queries,
        LINE.ledger("s").entry(1),
        LINE.version(1).manifest,
        f"{LINE.version(1).model}/model.safetensors",
        OTHER_LINE.version(2).manifest,
        OTHER_LINE.release,
        OTHER_LINE.exam("e").queries,
        f"{JOB}/prepare/d/data/rows.jsonl",
        f"{JOB}/train/d/progress.json",
        "search/jobs/shop-2/uid-2/train/d/model",
        "elsewhere/shop/release.json",
    ):
        store.put(key, b"x")
    return store


Ask = Callable[[Store], object]


def get(key: str) -> Ask:
    return lambda store: store.get(key)


def put(key: str) -> Ask:
    return lambda store: store.put(key, b"y")


def delete(key: str) -> Ask:
    return lambda store: store.delete(key)


def listed(prefix: str) -> Ask:
    return lambda store: list(store.list(prefix))


TRAIN: dict[str, tuple[Ask, bool]] = {
    "reads its rows": (get(f"{JOB}/prepare/d/data/rows.jsonl"), True),
    "reads what it wrote": (get(f"{JOB}/train/d/progress.json"), True),
    "writes its progress": (put(f"{JOB}/train/d/progress.json"), True),
    "removes an old checkpoint": (delete(f"{JOB}/train/d/progress.json"), True),
    "looks for its checkpoints": (listed(f"{JOB}/train/d/checkpoints"), True),
    "reads the version it starts from": (get(f"{LINE.version(1).model}/model.safetensors"), True),
    "reads the exam": (get(LINE.exam("e").queries), False),
    "looks which exam is the line's": (get(LINE.line_exam), False),
    "lists the exams": (listed(f"{LINE.root}/exams"), False),
    "looks which groups are the test's": (get(LINE.ledger("s").entry(1)), False),
    "writes an exam": (put(LINE.exam("e").queries), False),
    "writes what prepare found": (put(f"{JOB}/prepare/d/data/rows.jsonl"), False),
    "writes its own judgement": (put(f"{JOB}/evaluate/d/report.json"), False),
    "writes a version": (put(f"{LINE.version(2).model}/model.safetensors"), False),
    "changes the version it starts from": (put(f"{LINE.version(1).model}/model.safetensors"), False),
    "releases itself": (put(LINE.release), False),
    "reads another job": (get("search/jobs/shop-2/uid-2/train/d/model"), False),
    "lists the jobs": (listed("search/jobs"), False),
    "lists everything": (listed(""), False),
    "reads another namespace": (get("elsewhere/shop/release.json"), False),
}
DATA: dict[str, tuple[Ask, bool]] = {
    "reads the exam": (get(LINE.exam("e").queries), True),
    "writes scores beside the exam": (put(f"{LINE.exam('e').root}/results/r/scores.npz"), True),
    "looks where groups were placed": (get(LINE.ledger("s").entry(1)), True),
    "places the groups of its data": (put(LINE.ledger("s").entry(2)), True),
    "forgets where groups were placed": (delete(LINE.ledger("s").entry(1)), False),
    "claims the line": (put(LINE.owner), True),
    "claims a number": (put(LINE.version(2).claim), True),
    "lists the versions": (listed(LINE.versions), True),
    "reads what is in production": (get(LINE.release), True),
    "copies the model": (
        lambda store: store.copy(f"{JOB}/train/d/progress.json", f"{LINE.version(2).model}/model.safetensors"),
        True,
    ),
    "reads the version that it starts from": (get(OTHER_LINE.version(2).manifest), True),
    "looks what is in production there": (get(OTHER_LINE.release), True),
    "changes the line that it starts from": (put(OTHER_LINE.version(2).manifest), False),
    "reads the exam of another line": (get(OTHER_LINE.exam("e").queries), False),
    "deletes a version": (delete(LINE.version(1).manifest), False),
    "deletes an exam": (delete(LINE.exam("e").queries), False),
    "releases": (put(LINE.release), False),
    "reads another job": (get("search/jobs/shop-2/uid-2/train/d/model"), False),
    "lists everything": (listed(""), False),
    "reads another namespace": (get("elsewhere/shop/release.json"), False),
}


def assert_allowed(step: Store, ask: Ask, allowed: bool) -> None:
    if allowed:
        ask(step)
    else:
        with pytest.raises(StoreDenied, match="AccessDenied"):
            ask(step)


@pytest.mark.parametrize("what", TRAIN)
def test_train(settings: StoreSettings, full: Store, what: str) -> None:
    assert full.exists(LINE.owner)
    request = a_step(settings, "train", base=a_model("base", LINE.version(1).model))
    assert_allowed(session(settings, policy_for(request)), *TRAIN[what])


@pytest.mark.parametrize("what", DATA)
def test_the_other_steps(settings: StoreSettings, full: Store, what: str) -> None:
    assert full.exists(LINE.owner)
    assert_allowed(session(settings, policy_for(a_step(settings, "evaluate"), OTHER_LINE.model)), *DATA[what])


REPLAY: dict[str, tuple[Ask, bool]] = {
    "keeps the rows that it trains on": (put(LINE.archive("c" * 64)), True),
    "keeps nothing twice": (lambda store: store.create(LINE.archive("c" * 64), b"z"), True),
    "reads what its line has kept": (get(LINE.archive("a" * 64)), True),
    "reads the rows of the other line that it replays": (get(OTHER_LINE.archive("a" * 64)), True),
    "reads other rows of that line": (get(OTHER_LINE.archive("b" * 64)), False),
    "changes the rows that it replays": (put(OTHER_LINE.archive("a" * 64)), False),
    "deletes what its line has kept": (delete(LINE.archive("a" * 64)), False),
}


@pytest.mark.parametrize("what", REPLAY)
def test_a_prepare_that_replays(settings: StoreSettings, full: Store, what: str) -> None:
    for line, name in itertools.product((LINE, OTHER_LINE), "ab"):
        full.put(line.archive(name * 64), b"x")
    plain = a_step(settings, "prepare")
    assert isinstance(plain, PrepareRequest)
    assert plain.data
    replayed = Replayed(model=OTHER_LINE.model, rows=a_file(OTHER_LINE.archive("a" * 64), b"x"))
    data = plain.data.model_copy(update={"replay": Replay()})
    request = plain.model_copy(update={"data": data, "replayed": replayed})
    assert_allowed(session(settings, policy_for(request)), *REPLAY[what])


def test_what_is_not_there_is_not_forbidden(settings: StoreSettings) -> None:
    step = session(settings, policy_for(a_step(settings, "train")))
    assert not step.exists(f"{JOB}/train/d/manifest.json")
    with pytest.raises(NotFound):
        step.get(f"{JOB}/train/d/control.json")
    preparing = session(settings, policy_for(a_step(settings, "evaluate")))
    for key in (LINE.line_exam, LINE.ledger("new").entry(1)):
        assert preparing.get_tagged(key) is None
        assert not preparing.exists(key)


def test_a_large_file_goes_up_and_comes_back(settings: StoreSettings, tmp_path: Path) -> None:
    step = session(settings, policy_for(a_step(settings, "train")))
    (tmp_path / "large").write_bytes(bytes(17 << 20))
    step.upload(tmp_path / "large", f"{JOB}/train/d/large")
    step.download(f"{JOB}/train/d/large", tmp_path / "back")
    assert (tmp_path / "back").stat().st_size == 17 << 20


@pytest.mark.parametrize("step", ["train", "evaluate"])
def test_long_names_fit(step: StepName) -> None:
    names = {"namespace": "n" * 40, "model": "m" * 50, "job": "j" * 253, "job_uid": str(uuid.uuid4())}
    request = a_request(a_cluster_job(), step).model_copy(update={**names, "store": f"s3://{'b' * 40}/{'p' * 20}"})
    if isinstance(request, TrainRequest):
        request = request.model_copy(update={"base": a_model("base", f"{'n' * 40}/{'l' * 50}/versions/1234567/model")})
    assert isinstance(request, TrainRequest | EvaluateRequest)
    assert len(policy_for(request, "l" * 50)) <= LONGEST


def test_names_that_are_too_long_are_refused_before_anything_runs() -> None:
    request = a_request(a_cluster_job(), "evaluate").model_copy(update={"store": f"s3://bucket/{'p' * 400}"})
    with pytest.raises(InvalidInput, match=r"policy of \d+ characters.*takes 2048.*Shorten"):
        policy_for(request)
