"""Resources as people write them: read as an API server reads them."""

from typing import Any

import pytest
from pydantic import ValidationError

from embtune_api.reading import read_resource
from embtune_api.resources import FineTuneJob


def a_document(**changes: Any) -> dict[str, Any]:
    spec = {
        "model": "search",
        "baseModel": {"uri": "models/minilm"},
        "data": {"train": [{"uri": "train.jsonl"}]},
        **changes,
    }
    return {"apiVersion": "embtune.dev/v1alpha1", "kind": "FineTuneJob", "metadata": {"name": "search-1"}, "spec": spec}


def refused(document: dict[str, Any], *, cluster: bool = False) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as error:
        read_resource(FineTuneJob, document, cluster=cluster)
    return [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.value.errors()]


def test_paths_are_for_local_runs_only() -> None:
    assert read_resource(FineTuneJob, a_document(), cluster=False).spec.data.train[0].uri == "train.jsonl"
    places = [place for place, _ in refused(a_document(), cluster=True)]
    assert places == ["spec.baseModel.uri", "spec.data.train.0.uri"]


def test_an_object_of_the_api_server_is_read_whatever_else_it_holds() -> None:
    document = a_document()
    document["metadata"] |= {"creationTimestamp": "2026-01-01T12:00:00Z", "managedFields": [{}], "newInKubernetes": 1}
    assert FineTuneJob.model_validate(document).metadata.creation_timestamp is not None


def test_what_a_person_writes_into_metadata_has_to_be_known() -> None:
    document = a_document()
    document["metadata"] |= {"creationTimestamp": "2026-01-01T12:00:00Z", "generateName": "x-"}
    assert read_resource(FineTuneJob, document, cluster=False).metadata.name == "search-1"
    document["metadata"]["nam"] = "x"
    [(place, message)] = refused(document)
    assert place == "metadata"
    assert "unknown field nam; fields here are: annotations, " in message


def test_a_field_without_a_value_is_absent_and_a_point_makes_no_fraction() -> None:
    spec = read_resource(FineTuneJob, a_document(training=None, runtime={"nodes": 2.0, "profile": None}), cluster=False).spec
    assert (spec.training.seed, spec.runtime.nodes, spec.runtime.profile) == (0, 2, None)


@pytest.mark.parametrize("value", ["2", True, 2.5, [2]], ids=str)
def test_types_are_not_guessed(value: Any) -> None:
    assert [place for place, _ in refused(a_document(runtime={"nodes": value}))] == ["spec.runtime.nodes"]
