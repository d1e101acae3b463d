"""Auxiliary sets in the operator: what a job is known by, what its pods read, and what its training is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from embtune_api import presets
from embtune_api.auxiliary import AuxiliaryLoss
from embtune_api.requests import PrepareRequest, TrainRequest
from embtune_api.training import Training
from embtune_operator.identity import inputs_by_name, with_local_uid
from embtune_operator.kube.pods import _source_claims, _source_secrets
from embtune_operator.pipeline.plan import make_plan
from embtune_operator.pipeline.readings import Readings
from embtune_operator.pipeline.resolve import resolve
from factories import a_job, settings
from support.pipeline_world import EASY, World
from support.trainer import Beside, a_file

if TYPE_CHECKING:
    from pathlib import Path

    from embtune_api.documents.prepare import PreparedSet

STS: dict[str, Any] = {
    "name": "sts",
    "train": {"uri": "sts.jsonl", "columns": {"sentence1": "a", "sentence2": "b", "score": "s"}},
}


def prepared(rows: int = 64, **changes: Any) -> PreparedSet:
    made = Beside("sts", "CoSENT", [{}] * rows, "scored pairs").prepared(a_file())
    return made.model_copy(update=changes)


def test_a_changed_auxiliary_file_makes_another_job(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("{}\n")
    (tmp_path / "sts.jsonl").write_text("{}\n")
    job = a_job(data={"train": [{"uri": "train.jsonl"}], "auxiliary": [STS]})
    before = with_local_uid(job, tmp_path).metadata.uid
    assert with_local_uid(job, tmp_path).metadata.uid == before
    (tmp_path / "sts.jsonl").write_text("{}\n{}\n")
    assert with_local_uid(job, tmp_path).metadata.uid != before


def test_a_pod_reads_what_a_set_names() -> None:
    elsewhere = {**STS, "train": {**STS["train"], "uri": "s3://data/sts.jsonl", "secretRef": {"name": "sts-keys"}}}
    claimed = {**STS, "name": "more", "train": {**STS["train"], "uri": "pvc://volume/sts.jsonl"}}
    world = World(a_job(EASY, data={"auxiliary": [elsewhere, claimed]}))
    (step, *_) = make_plan(world.job, resolve(world.job, world.settings, world.store, Readings()), settings()).steps
    assert isinstance(step.request, PrepareRequest)
    assert _source_secrets(step.request) == ["sts-keys"]
    assert _source_claims(step.request) == ["volume"]


def test_inputs_by_name_hold_those_of_sets(tmp_path: Path) -> None:
    elsewhere = {**STS, "train": {**STS["train"], "uri": "s3://data/sts.jsonl"}}
    assert "s3://data/sts.jsonl" in inputs_by_name(a_job(data={"auxiliary": [elsewhere]}), tmp_path)


def test_another_set_is_another_preparation_and_another_training() -> None:
    world = World(a_job(EASY))
    world.run(until="publish")
    resolved = resolve(world.job, world.settings, world.store, Readings())

    def steps(*beside: PreparedSet, **data: Any) -> tuple[str, TrainRequest]:
        job = a_job(EASY, data=data)
        facts = resolved.prepare_facts.model_copy(update={"auxiliary": list(beside)})
        assert resolved.prepared
        manifest = resolved.prepared.model_copy(update={"facts": facts.model_dump(mode="json")})
        known = type(resolved)(prepared=manifest)
        prepare, train = make_plan(job, known, settings()).steps[:2]
        assert isinstance(train.request, TrainRequest)
        return prepare.digest, train.request

    weightier = prepared().source.model_copy(update={"weight": 2.0})
    trainings = [
        steps(*sets)[1]
        for sets in (
            [],
            [prepared()],
            [prepared(file=a_file().model_copy(update={"sha256": "1" * 64}))],
            [prepared(source=weightier)],
            [prepared(loss=AuxiliaryLoss(name="CosineSimilarity"))],
        )
    ]
    assert len({training.digest for training in trainings}) == len(trainings)
    assert steps(prepared())[1] == trainings[1]
    assert trainings[1].auxiliary == [prepared()]
    assert steps()[0] != steps(auxiliary=[STS])[0]


@pytest.mark.parametrize(("weight", "steps"), [(1.0, 13), (2.0, 26), (0.1, 1), (0.01, 1)])
def test_intervals_are_of_all_steps_and_the_rest_of_the_preset_of_the_main_rows(weight: float, steps: int) -> None:
    one = prepared(rows=200)
    one = one.model_copy(update={"source": one.source.model_copy(update={"weight": weight})})
    alone, beside = (presets.resolve(Training(epochs=4, batch_size=16), 1000, beside=sets) for sets in ([], [one]))
    assert (alone.epochs, alone.batch_size, alone.learning_rate) == (beside.epochs, beside.batch_size, beside.learning_rate)
    assert presets.steps_with([one], 1000, 16) == 63 + steps
    assert beside.checkpoint_steps == -(-4 * (63 + steps) // 8)
