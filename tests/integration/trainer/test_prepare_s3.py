"""The steps prepare and publish with everything in a real MinIO: data, base model and store."""

from pathlib import Path

import pytest

from embtune_api.errors import InvalidInput
from embtune_store import folders, open_store
from servers.fixtures import reach
from servers.s3_server import S3Server
from unit.trainer.prepare_world import World, some_pairs, write_base_model, write_jsonl


@pytest.fixture
def world(minio: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    world = World(tmp_path, open_store(reach(minio, monkeypatch)))
    write_jsonl(tmp_path / "rows.jsonl", some_pairs())
    return world


def test_data_and_base_model_come_from_a_bucket(world: World, tmp_path: Path) -> None:
    world.store.upload(tmp_path / "rows.jsonl", "in/rows.jsonl")
    folders.upload_folder(world.store, tmp_path / "base", "in/base")
    remote = world.request(f"{world.store.uri}/in/rows.jsonl", base={"uri": f"{world.store.uri}/in/base"})
    prepared = world.prepare(remote.model_copy(update={"folder": None}))
    local = World(tmp_path)
    expected = local.prepare(local.request("rows.jsonl"))
    assert prepared.facts.base.model == expected.facts.base.model
    assert prepared.facts.exam == expected.facts.exam
    assert prepared.train == expected.train
    folders.verify(world.store, prepared.keys.root, prepared.manifest.files)


def test_an_object_that_is_not_there(world: World) -> None:
    with pytest.raises(InvalidInput, match=r"there is no object s3://.*/in/nothing\.jsonl"):
        world.prepare(world.request(f"{world.store.uri}/in/nothing.jsonl"))


def test_a_base_model_that_is_not_there(world: World) -> None:
    with pytest.raises(InvalidInput, match="there is nothing below s3://"):
        world.prepare(world.request("rows.jsonl", base={"uri": f"{world.store.uri}/nowhere"}))


def test_pickled_weights_in_a_bucket_are_refused_without_fetching_them(world: World, tmp_path: Path) -> None:
    folders.upload_folder(world.store, write_base_model(tmp_path / "bad", **{"model.safetensors": None}), "in/bad")
    with pytest.raises(InvalidInput, match="only safetensors are read"):
        world.prepare(world.request("rows.jsonl", base={"uri": f"{world.store.uri}/in/bad"}))
