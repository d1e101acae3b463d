"""Job files: good ones are read, and every fault of a bad one is told with its line."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from embtune_api.errors import InvalidInput
from embtune_api.resources import FineTuneJob
from embtune_operator.identity import with_local_uid
from embtune_operator.jobfile import load_job, load_resources

EPOCHS = "10: spec.training.epochs: "
GOOD = """\
apiVersion: embtune.dev/v1alpha1
kind: FineTuneJob
metadata: {name: shop-1, namespace: search}
spec:
  model: shop
  baseModel: {uri: "hf://a/b"}
  data:
    train:
    - {uri: train.jsonl, columns: {anchor: q, positive: a}}
  training: {epochs: 1, learningRate: 5e-5}
  evaluation: {suites: [{name: test, cutoffs: [1, 10]}]}
  promotion:
    gates:
    - {metric: "test/ndcg@10", min: 0.5}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "job.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def faults(folder: Path, text: str) -> str:
    file = written(folder, text)
    with pytest.raises(InvalidInput) as error:
        load_job(file)
    return str(error.value).replace(f"{file}:", "").replace(f"{file} ", "")


def test_a_good_job_is_read_as_yaml_1_2(tmp_path: Path) -> None:
    job = load_job(written(tmp_path, GOOD))
    assert (job.spec.training.learning_rate, job.spec.evaluation.suites[0].cutoffs) == (5e-5, (1, 10))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param("epochs: 1", "epochs: 0", EPOCHS + "0 is below the minimum 1", id="too small a number"),
        pytest.param("epochs: 1", "epochs: 101", EPOCHS + "101 is above the maximum 100", id="too large a number"),
        pytest.param("epochs: 1", "epochs: 1.5", EPOCHS + "expected a whole number, got 1.5", id="a fraction"),
        pytest.param("epochs: 1", 'epochs: "1"', EPOCHS + "expected a whole number, got '1'", id="a quoted number"),
        pytest.param("epochs: 1", "epochs: yes", EPOCHS + "expected a whole number, got 'yes'", id="a word"),
        pytest.param("epochs: 1", "epochs: true", EPOCHS + "expected a whole number, got true", id="a truth"),
        pytest.param("5e-5", ".inf", "10: spec.training.learningRate: inf is not a finite number", id="infinity"),
        pytest.param("epochs: 1", "epoch: 1", "10: spec.training.epoch: unknown field; did you mean epochs?", id="a typo"),
        pytest.param(
            "epochs: 1", "batch_size: 8", "10: spec.training.batch_size: unknown field; did you mean batchSize?", id="snake case"
        ),
        pytest.param("  model: shop\n", "", "4: spec.model: required, but missing", id="a missing field"),
        pytest.param("model: shop", "model: Shop", "5: spec.model: 'Shop' does not have the form", id="a name that is no label"),
        pytest.param("model: shop", "model: jobs", "5: spec.model: cannot be called jobs", id="a reserved name"),
        pytest.param("model: shop", "model: [a]", "5: spec.model: expected a text, got a list", id="a list for a text"),
        pytest.param(
            "training: {", "training: {loss: {name: Tripled}, ",
            "10: spec.training.loss.name: unknown loss 'Tripled'; did you mean Triplet? choose one of Auto, ",
            id="an unknown loss",
        ),
        pytest.param(
            "training: {", "training: {loss: {name: CoSENT}, ",
            "9: spec.data.train[0].columns: loss CoSENT learns from scored pairs, but data.train[0].columns maps pairs;",
            id="a loss that does not fit the columns",
        ),
        pytest.param("positive: a", "positve: a", "9: spec.data.train[0].columns.positve: unknown field", id="deep inside"),
        pytest.param(
            "test/ndcg@10", "test/ndcg@7",
            "14: spec.promotion.gates[0].metric: promotion.gates[0].metric test/ndcg@7 is not yielded by any suite",
            id="a metric that no suite yields",
        ),
        pytest.param("min: 0.5", "minDelta: 0", "14: spec.promotion.gates[0]: minDelta and against belong", id="half a rule"),
        pytest.param("kind: FineTuneJob", "kind: Job", "2: kind: expected FineTuneJob, got 'Job'", id="another kind"),
        pytest.param("{anchor: q, positive: a}", "{anchor: q, positive: a", "10: broken YAML", id="a missing brace"),
        pytest.param("  model: shop", "  model: shop\n  model: two", "6: broken YAML: model is given twice", id="a field twice"),
        pytest.param("spec:", "status: 3\nspec:", "4: status: expected a mapping of fields, got 3", id="a number for a mapping"),
    ],
)  # fmt: skip
def test_one_fault(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    assert faults(tmp_path, GOOD.replace(old, new, 1)).startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", "is empty", id="an empty file"),
        pytest.param("# nothing\n", "is empty", id="a comment alone"),
        pytest.param("- 1\n", "1: the document: expected a mapping of fields, got a list", id="a list"),
        pytest.param("&a [*a]\n", "1: broken YAML: nested more than 50 deep", id="a list that holds itself"),
        pytest.param(GOOD + "---\n" + GOOD, "holds 2 FineTuneJobs", id="two jobs for run"),
    ],
)
def test_no_job(tmp_path: Path, text: str, told: str) -> None:
    assert faults(tmp_path, text).startswith(told)


def test_every_fault_of_a_file_is_told_in_its_order_but_ten_at_most(tmp_path: Path) -> None:
    many = GOOD.replace("{epochs: 1,", "{" + "".join(f"a{number}: 1, " for number in range(12))).replace("kind: Fine", "kind: F")
    lines = faults(tmp_path, many).splitlines()
    assert lines[0].startswith("2: kind")
    assert len(lines) == 11
    assert lines[-1] == "… and 3 more"


def test_several_documents_are_validated_together(tmp_path: Path) -> None:
    assert len(load_resources(written(tmp_path, GOOD + "---\n" + GOOD), cluster=False)) == 2


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "is a folder")):
        with pytest.raises(InvalidInput, match=told):
            load_job(path)
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe4\n")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        load_job(tmp_path / "latin.yaml")


@pytest.mark.parametrize(
    ("split", "told"),
    [
        pytest.param(
            "{method: Tme}", "unknown value 'Tme'; did you mean Time? choose one of Hash, Stratified, Time", id="a typo"
        ),
        pytest.param("{method: Time, timeColumn: sent}", "method Time needs testFrom", id="no time to split at"),
        pytest.param(
            "{timeColumn: sent}", "timeColumn goes with method Time, and the method is Hash: remove", id="a field of Time"
        ),
        pytest.param(
            "{method: Time, timeColumn: sent, testFrom: 2026-02-30}",
            "'2026-02-30' is none: give a date such as 2026-01-31",
            id="a day that there is not",
        ),
        pytest.param("{method: Stratified}", "split.method Stratified needs split.stratifyBy, the column", id="no strata"),
    ],
)
def test_a_fault_of_the_split_is_told_on_its_line(tmp_path: Path, split: str, told: str) -> None:
    text = GOOD.replace("  training:", f"    split: {split}\n  training:")
    said = faults(tmp_path, text)
    assert said.startswith("10: spec.data")
    assert told in said


def test_the_splits_that_the_docs_show_are_good(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "splits.md").read_text(encoding="utf-8")
    splits = text.partition("```yaml\n")[2].partition("```")[0].splitlines()
    jobs = [load_job(written(tmp_path, GOOD.replace("  training:", f"    {split}\n  training:"))) for split in splits]
    assert [job.spec.data.split.method for job in jobs] == ["Hash", "Stratified", "Time", "Given"]


@pytest.mark.parametrize("cluster", [True, False])
def test_the_job_that_the_docs_show_for_sources_is_good(tmp_path: Path, cluster: bool) -> None:
    text = (Path(__file__).parents[3] / "docs" / "sources.md").read_text(encoding="utf-8")
    job = load_job(written(tmp_path, text.partition("```yaml\n")[2].partition("```")[0]), cluster=cluster)
    assert [source.uri.partition(":")[0] for source in job.spec.data.train] == ["s3", "hf", "pvc"]


@pytest.mark.parametrize("cluster", [True, False])
@pytest.mark.parametrize("time", ["2026-02-01T08:00:00+01:00", "2026-02-01", '"2026-02-01T08:00:00Z"'])
def test_a_time_without_quotes_is_the_text_that_it_is(tmp_path: Path, time: str, cluster: bool) -> None:
    split = f"    split: {{method: Time, timeColumn: sent, testFrom: {time}}}\n"
    text = GOOD.replace("  training:", f"{split}  training:").replace("train.jsonl", "s3://data/train.jsonl")
    assert load_job(written(tmp_path, text), cluster=cluster).spec.data.split.test_from == time.strip('"')


def test_a_uid_follows_from_spec_and_files(tmp_path: Path) -> None:
    job = load_job(written(tmp_path, GOOD))
    with pytest.raises(InvalidInput, match=r"spec.data.train\[0\].uri train.jsonl: there is no such file"):
        with_local_uid(job, tmp_path)
    (tmp_path / "train.jsonl").write_text("{}")
    uid = with_local_uid(job, tmp_path).metadata.uid
    assert with_local_uid(job, tmp_path).metadata.uid == uid
    (tmp_path / "train.jsonl").write_text("{ }")
    assert with_local_uid(job, tmp_path).metadata.uid != uid
    other = load_job(written(tmp_path, GOOD.replace("epochs: 1", "epochs: 2")))
    (tmp_path / "train.jsonl").write_text("{}")
    assert with_local_uid(other, tmp_path).metadata.uid != uid


def test_data_that_is_no_file_is_told_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = load_job(written(tmp_path, GOOD))
    data = tmp_path / "train.jsonl"
    data.mkdir()
    with pytest.raises(InvalidInput, match=r"spec.data.train\[0\].uri train.jsonl: .*train.jsonl is a folder. Name the files"):
        with_local_uid(job, tmp_path)
    data.rmdir()
    data.write_text("{}")

    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))  # who runs the tests may be root

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InvalidInput, match=r"train.jsonl: .* cannot be read: Permission denied. Check its permissions"):
        with_local_uid(job, tmp_path)


def test_a_local_base_model_counts_by_its_files(tmp_path: Path) -> None:
    job = load_job(written(tmp_path, GOOD.replace("hf://a/b", "base").replace("train.jsonl", "s3://data/train.jsonl")))
    with pytest.raises(InvalidInput, match="there is no such folder"):
        with_local_uid(job, tmp_path)
    (tmp_path / "base").mkdir()
    empty = with_local_uid(job, tmp_path).metadata.uid
    (tmp_path / "base" / "config.json").write_text("{}")
    assert with_local_uid(job, tmp_path).metadata.uid != empty


VERSION = """\
apiVersion: embtune.dev/v1alpha1
kind: ModelVersion
metadata: {name: shop-v1}
spec: {model: shop, uri: "s3://models/shop"}
---
apiVersion: embtune.dev/v1alpha1
kind: EmbeddingModel
metadata: {name: shop}
spec: {release: {pin: 3}}
"""


def told(file: Path, *, cluster: bool) -> str:
    with pytest.raises(InvalidInput) as error:
        load_resources(file, cluster=cluster)
    return str(error.value).replace(f"{file}:", "")


def test_all_kinds_are_read_from_one_file(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD + "---\n" + VERSION)
    kinds = [resource.kind for resource in load_resources(file, cluster=False)]
    assert kinds == ["FineTuneJob", "ModelVersion", "EmbeddingModel"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        pytest.param("pin: 3", "pins: 3", "9: spec.release.pins: unknown field; did you mean pin?", id="a typo in a line"),
        pytest.param("pin: 3", "pin: 0", "9: spec.release.pin: 0 is below the minimum 1", id="a bound of a line"),
        pytest.param("name: shop}", "name: jobs}", "6: the EmbeddingModel: cannot be called jobs", id="a line called jobs"),
        pytest.param("s3://models/shop", "shop", "4: spec.uri: in a cluster, a model is hf://org/name", id="a version's path"),
        pytest.param(
            "kind: EmbeddingModel", "kind: Model",
            "7: kind: expected FineTuneJob or ModelVersion or EmbeddingModel, got 'Model'",
            id="an unknown kind",
        ),
        pytest.param("kind: EmbeddingModel\n", "", "6: kind: required, but missing", id="no kind"),
    ],
)  # fmt: skip
def test_a_fault_of_another_kind(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in VERSION
    assert told(written(tmp_path, VERSION.replace(old, new, 1)), cluster=False).startswith(fault)


def test_a_job_for_a_cluster_has_no_paths_of_this_machine(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    assert load_resources(file, cluster=False)
    assert told(file, cluster=True) == (
        "9: spec.data.train[0].uri: in a cluster, data lies at s3://bucket/key, hf://datasets/org/name/file or pvc://claim/file: "
        "pods cannot see a path on your machine"
    )


def test_a_job_for_a_cluster_is_read_as_kubectl_reads_it(tmp_path: Path) -> None:
    text = GOOD.replace("train.jsonl", "s3://data/train.jsonl").replace("spec:\n", "spec:\n  suspend: yes\n", 1)
    file = written(tmp_path, text.replace("epochs: 1", "epochs: 010"))
    [job] = load_resources(file, cluster=True)
    assert isinstance(job, FineTuneJob)
    assert (job.spec.suspend, job.spec.training.epochs) == (True, 8)
    assert told(file, cluster=False).startswith("5: spec.suspend: expected true or false, got 'yes'")


def test_run_takes_jobs_alone(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="2: kind: expected FineTuneJob, got 'ModelVersion'"):
        load_job(written(tmp_path, VERSION))
