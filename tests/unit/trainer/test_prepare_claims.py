"""Data on volumes, as `pvc://claim/path`: read from the claim's folder, and from nowhere else."""

import json
from pathlib import Path

import pytest

from embtune_api.errors import InvalidInput
from embtune_trainer.prepare import run_prepare
from embtune_trainer.prepare.claims import claim_content
from support.command import embtune
from unit.trainer.prepare_world import Prepared, World, some_pairs, write_jsonl

FIELD = "data.train[0]"


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    """Two claims, beside the credentials of the pod."""
    folder = tmp_path / "claims"
    (folder / "corpus" / "deep").mkdir(parents=True)
    (folder / "other").mkdir()
    write_jsonl(folder / "corpus" / "deep" / "a b.jsonl", some_pairs())
    (folder / "other" / "secret").write_text("other's")
    (tmp_path / "credentials.json").write_text("{}")
    return folder


def test_a_file_is_read_and_the_lineage_tells_which(claims: Path, tmp_path: Path) -> None:
    world = World(tmp_path)
    request = world.request("pvc://corpus/deep/a b.jsonl").model_copy(update={"folder": str(tmp_path)})
    manifest = run_prepare(request, world.store, lambda _: None, claims=claims)
    prepared = Prepared(world.store, request.job_keys.step("prepare", request.digest), manifest)
    [source] = prepared.facts.sources
    assert (source.uri, source.rows) == ("pvc://corpus/deep/a b.jsonl", 120)
    assert source.size == (claims / "corpus" / "deep" / "a b.jsonl").stat().st_size


@pytest.mark.parametrize(
    "path",
    ["../other/secret", "deep/../../other/secret", "deep/../deep/a b.jsonl", "link", "folder/secret", "/etc/passwd", "up"],
)
def test_nothing_leads_out_of_a_claim(claims: Path, tmp_path: Path, path: str) -> None:
    corpus = claims / "corpus"
    (corpus / "link").symlink_to(tmp_path / "credentials.json")
    (corpus / "folder").symlink_to(claims / "other")
    (corpus / "up").symlink_to("../other/secret")
    with pytest.raises(InvalidInput, match=r"^data\.train\[0\]\.uri: pvc://corpus/.* leads out of claim corpus, and only what"):
        claim_content(f"pvc://corpus/{path}", claims, FIELD)


def test_a_link_within_a_claim_is_followed(claims: Path) -> None:
    (claims / "corpus" / "newest.jsonl").symlink_to("deep/a b.jsonl")
    expected = (claims / "corpus" / "deep" / "a b.jsonl").read_bytes()
    assert claim_content("pvc://corpus/newest.jsonl", claims, FIELD) == expected


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("pvc://corpus", "pvc://corpus names no file of a claim. Give pvc://claim/path/of/the/file."),
        ("pvc://../corpus/a.jsonl", "names no file of a claim"),
        ("pvc:///a.jsonl", "names no file of a claim"),
        (
            "pvc://corpus/b.jsonl",
            "there is no file pvc://corpus/b.jsonl. Paths start at the root of the volume behind claim corpus.",
        ),
        ("pvc://corpus/deep/a b.jsonl/c", "there is no file pvc://corpus/deep/a b.jsonl/c"),
        ("pvc://corpus/deep", "pvc://corpus/deep is a folder. Name the files in it one by one."),
        ("pvc://nothing/a.jsonl", "there is no claim nothing in"),
    ],
)
def test_what_cannot_be_read_is_told(claims: Path, uri: str, says: str) -> None:
    with pytest.raises(InvalidInput) as error:
        claim_content(uri, claims, FIELD)
    assert str(error.value).startswith(f"{FIELD}.uri: ")
    assert says in str(error.value)


def test_a_local_run_is_told_how_to_stand_in_for_the_cluster() -> None:
    with pytest.raises(
        InvalidInput, match=r"put the file at <folder>/corpus/a\.jsonl and set EMBTUNE_CLAIMS=<folder>, or give a"
    ):
        claim_content("pvc://corpus/a.jsonl", None, FIELD)


def test_a_local_run_takes_the_folder_from_its_environment(claims: Path, tmp_path: Path) -> None:
    """The real command: what is told is about the base model, which comes after the data."""
    job = {
        "apiVersion": "embtune.dev/v1alpha1",
        "kind": "FineTuneJob",
        "metadata": {"name": "one", "namespace": "team"},
        "spec": {
            "model": "search",
            "baseModel": {"uri": "hf://nobody"},
            "data": {"train": [{"uri": "pvc://corpus/deep/a b.jsonl"}], "checks": {"minRows": 2}},
        },
    }
    (tmp_path / "job.yaml").write_text(json.dumps(job))
    told = embtune("run", tmp_path / "job.yaml", "--store", tmp_path / "store", env={"EMBTUNE_CLAIMS": str(claims)}).ended(2)
    assert "baseModel.uri" in told.paragraph
    told = embtune("run", tmp_path / "job.yaml", "--store", tmp_path / "other").ended(2)
    assert "data.train[0].uri: pvc://corpus/deep/a b.jsonl lies on a volume of a cluster" in told.paragraph
