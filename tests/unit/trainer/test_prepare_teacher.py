"""The teacher of a loss: found by prepare, looked through, staged, and named in the facts."""

import json
from pathlib import Path
from typing import Any

import pytest

from embtune_api.documents.files import StoredModel
from embtune_api.errors import InvalidInput
from embtune_api.training import Training
from unit.trainer.prepare_world import Prepared, World, some_pairs, write_base_model, write_jsonl

ONE_OUTPUT = {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "LABEL_0"}}


@pytest.fixture
def world(tmp_path: Path) -> World:
    write_jsonl(tmp_path / "rows.jsonl", [pair | {"wrong": f"not {pair['anchor']}"} for pair in some_pairs()])
    return World(tmp_path)


def prepared(world: World, training: dict[str, Any], **data: Any) -> Prepared:
    columns = {"anchor": "anchor", "positive": "positive", "negative": "wrong"}
    request = world.request("rows.jsonl", columns=columns if training["loss"]["name"] != "MSE" else None, **data)
    return world.prepare(request.model_copy(update={"training": Training.model_validate(training)}))


def write_reader(folder: Path, config: dict[str, Any] | None = None) -> Path:
    """A folder as CrossEncoder writes it, without anything that must be loaded."""
    bare = {"modules.json": None, "1_Pooling/config.json": None, "config.json": json.dumps(config or ONE_OUTPUT).encode()}
    return write_base_model(folder, **bare)


def write_encoder(folder: Path, dimension: int, **more: bytes) -> Path:
    return write_base_model(folder, **{"1_Pooling/config.json": json.dumps({"embedding_dimension": dimension}).encode(), **more})


def staged_bytes(world: World, model: StoredModel) -> dict[str, bytes]:
    return {file.path: world.store.get(f"{model.prefix}/{file.path}") for file in model.files}


def test_a_cross_encoder_is_staged_with_every_byte(world: World, tmp_path: Path) -> None:
    reader = write_reader(tmp_path / "reader")
    done = prepared(world, {"loss": {"name": "MarginMSE", "teacher": {"uri": "reader"}}})
    assert done.facts.teacher is not None
    model = done.facts.teacher.model
    assert staged_bytes(world, model) == {
        name: (reader / name).read_bytes() for name in ("config.json", "model.safetensors", "tokenizer.json")
    }
    listed = {file.path for file in done.manifest.files}
    folder = model.prefix.removeprefix(f"{done.keys.root}/")
    assert folder.startswith("teacher/")
    assert {f"{folder}/{file.path}" for file in model.files} <= listed


def test_an_encoder_is_the_base_where_none_is_named(world: World, tmp_path: Path) -> None:
    own = prepared(world, {"loss": {"name": "GIST"}})
    assert own.facts.teacher == own.facts.base
    assert len({file.path for file in own.manifest.files}) == len(own.manifest.files)
    write_encoder(tmp_path / "guide", 8)
    other = prepared(World(tmp_path), {"loss": {"name": "CachedGIST", "teacher": {"uri": "guide"}}})
    assert other.facts.teacher is not None
    assert other.facts.teacher.uri == "guide"
    assert other.facts.teacher.model.digest != other.facts.base.model.digest


def test_who_learns_from_nobody_has_no_teacher(world: World) -> None:
    assert prepared(world, {"loss": {"name": "Triplet"}}).facts.teacher is None


@pytest.mark.parametrize(
    ("config", "says"),
    [
        pytest.param({**ONE_OUTPUT, "id2label": {"0": "a", "1": "b", "2": "c"}}, "its config.json has 3", id="three outputs"),
        pytest.param({"architectures": ["BertForSequenceClassification"]}, "its config.json has 2", id="two, which is not said"),
    ],
)
def test_a_cross_encoder_has_one_output(world: World, tmp_path: Path, config: dict[str, Any], says: str) -> None:
    write_reader(tmp_path / "reader", config)
    with pytest.raises(InvalidInput, match=rf"training\.loss\.teacher\.uri: reader is not a cross-encoder .*{says}"):
        prepared(world, {"loss": {"name": "MarginMSE", "teacher": {"uri": "reader"}}})


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        pytest.param({"name": "GIST", "teacher": {"uri": "nowhere"}}, r"\.uri: there is no folder", id="a guide that is nowhere"),
        pytest.param({"name": "MarginMSE", "teacher": {"uri": "empty"}}, r"\.uri: empty has no \*\.safetensors", id="pickles"),
        pytest.param(
            {"name": "GIST", "teacher": {"uri": "empty"}}, r"\.uri: empty is not a sentence-transformers", id="no model"
        ),
        pytest.param(
            {"name": "MSE", "teacher": {"version": {"model": "other"}}}, r"\.version: nothing of other", id="no version"
        ),
    ],
)
def test_a_teacher_that_cannot_be_had_is_named_by_its_field(
    world: World, tmp_path: Path, loss: dict[str, Any], says: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match=rf"^training\.loss\.teacher{says}"):
        prepared(world, {"loss": loss})


def test_vectors_of_other_lengths_are_not_compared(world: World, tmp_path: Path) -> None:
    write_encoder(tmp_path / "small", 8)
    dense = [{"path": "1_Pooling", "type": "x.Pooling"}, {"path": "2_Dense", "type": "x.Dense"}]
    modules = json.loads((tmp_path / "small" / "modules.json").read_bytes())
    modules[1:] = [{**module, "type": f"sentence_transformers.{module['type']}"} for module in dense]
    widened = {"modules.json": json.dumps(modules).encode(), "2_Dense/config.json": b'{"in_features": 8, "out_features": 12}'}
    write_encoder(tmp_path / "wide", 8, **widened)
    loss = {"name": "MSE", "teacher": {"uri": "wide"}}
    with pytest.raises(InvalidInput, match=r"the teacher's vectors have 12 numbers and the base model's 8"):
        prepared(world, {"loss": loss}, base={"uri": "small"})
    again = World(tmp_path)
    assert prepared(again, {"loss": loss}, base={"uri": "wide"}).facts.teacher is not None


def test_no_more_numbers_are_cut_than_there_are(world: World, tmp_path: Path) -> None:
    write_encoder(tmp_path / "small", 8)
    training = {"loss": {"name": "Triplet"}, "matryoshka": {"dims": [16, 4]}}
    with pytest.raises(InvalidInput, match=r"^training\.matryoshka\.dims: 16 is more than the 8 numbers"):
        prepared(world, training, base={"uri": "small"})
