"""The pods of steps: rendered field by field where it matters."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from embtune_api.augment import Augment, SynonymFile
from embtune_api.candidates import Candidate, CandidateBase
from embtune_api.places import SecretRef
from embtune_api.requests import TrainRequest
from embtune_api.sources import DataSource
from embtune_operator.kube import labels
from embtune_operator.kube.pods import pod_template
from embtune_operator.pipeline.plan import make_plan
from embtune_operator.pipeline.resolved import Resolved
from factories import settings
from support.kube_children import DIGEST, IMAGE, a_blueprint, a_cluster_job, a_platform

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
}
PROFILE: dict[str, Any] = {
    "nodeSelector": {"pool": "gpu"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
    "priorityClassName": "low",
    "runtimeClassName": "nvidia",
    "serviceAccountName": "trainer",
    "imagePullSecrets": ["registry"],
    "sharedMemory": "8Gi",
    "scratch": "50Gi",
    "env": [{"name": "NCCL_DEBUG", "value": "INFO"}, {"name": "HOME", "value": "/root"}],
    "envFrom": [{"configMapRef": {"name": "proxy"}}],
    "volumes": [{"name": "cache", "persistentVolumeClaim": {"claimName": "cache"}}],
    "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
    "labels": {"team": "search", labels.STEP: "forged"},
    "annotations": {"note": "yes"},
    "resources": {"train": {"requests": {"cpu": "4"}, "limits": {"memory": "8Gi"}}},
}


def environment(spec: dict[str, Any]) -> dict[str, Any]:
    (container,) = spec["containers"]
    assert len({entry["name"] for entry in container["env"]}) == len(container["env"])
    return {entry["name"]: entry.get("value") for entry in container["env"]}


def test_a_pod_meets_the_contract_and_the_restricted_standard() -> None:
    blueprint = a_blueprint("train")
    template = pod_template(blueprint)
    (container,) = template["spec"]["containers"]
    assert container["command"] == ["embtune-trainer", "train", "--request", "/etc/embtune/request.json"]
    assert container["image"] == IMAGE
    assert container["securityContext"] == RESTRICTED
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert template["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert template["spec"]["automountServiceAccountToken"] is False
    assert template["spec"]["terminationGracePeriodSeconds"] == 300
    assert template["metadata"]["annotations"][labels.DIGEST] == DIGEST
    asked = json.loads(template["metadata"]["annotations"][labels.REQUEST])
    assert TrainRequest.model_validate(asked) == blueprint.request
    assert environment(template["spec"]) == {
        "HOME": "/tmp",
        "EMBTUNE_CACHE": "/tmp/cache",
        "EMBTUNE_TERMINATION_LOG": "/dev/termination-log",
        "EMBTUNE_STORE_CREDENTIALS": "/var/run/embtune/store",
        "EMBTUNE_METRICS_PORT": "9091",
        "AWS_ENDPOINT_URL": "http://minio.minio:9000",
        "AWS_REGION": "us-east-1",
        "PYTHONUNBUFFERED": "1",
    }
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {
        "/etc/embtune",
        "/var/run/embtune/store",
        "/tmp",
        "/dev/shm",
    }


def test_prepare_mounts_each_secret_of_the_job_once_by_its_name() -> None:
    spec = pod_template(a_blueprint("prepare"))["spec"]
    (container,) = spec["containers"]
    volumes = {volume["name"]: volume.get("secret", {}).get("secretName") for volume in spec["volumes"]}
    mounted = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"] if volumes[mount["name"]]}
    assert mounted == {
        "/var/run/embtune/store": "ft-secret",
        "/var/run/embtune/sources/datasets": "datasets",
        "/var/run/embtune/sources/other.data": "other.data",
    }
    assert environment(spec)["EMBTUNE_SOURCE_SECRETS"] == "/var/run/embtune/sources"
    assert spec["terminationGracePeriodSeconds"] == 30
    assert "ports" not in container


def test_prepare_mounts_the_secret_of_a_candidates_base() -> None:
    base = CandidateBase(uri="hf://org/private", secret_ref=SecretRef(name="hub"))
    candidates = [Candidate(name="other", base_model=base), Candidate(name="own")]
    job = a_cluster_job()
    job = job.model_copy(update={"spec": job.spec.model_copy(update={"candidates": candidates})})
    (planned,) = make_plan(job, Resolved(), settings()).steps
    blueprint = a_blueprint("prepare", job)
    spec = pod_template(replace(blueprint, child=replace(blueprint.child, request=planned.request)))["spec"]
    assert "hub" in {volume.get("secret", {}).get("secretName") for volume in spec["volumes"]}


def test_prepare_mounts_each_claim_of_the_job_once_and_cannot_write_to_it() -> None:
    job = a_cluster_job()
    uris = ["pvc://corpus/a.jsonl", "s3://data/a.jsonl", "pvc://corpus/b.jsonl", "pvc://archive.v2/deep/c.jsonl"]
    sources = [DataSource(uri=uri) for uri in uris]
    data = job.spec.data.model_copy(update={"train": sources})
    job = job.model_copy(update={"spec": job.spec.model_copy(update={"data": data})})
    spec = pod_template(a_blueprint("prepare", job))["spec"]
    (container,) = spec["containers"]
    assert [volume for volume in spec["volumes"] if "persistentVolumeClaim" in volume] == [
        {"name": "claim-0", "persistentVolumeClaim": {"claimName": "archive.v2", "readOnly": True}},
        {"name": "claim-1", "persistentVolumeClaim": {"claimName": "corpus", "readOnly": True}},
    ]
    assert [mount for mount in container["volumeMounts"] if mount["name"].startswith("claim-")] == [
        {"name": "claim-0", "mountPath": "/var/run/embtune/claims/archive.v2", "readOnly": True},
        {"name": "claim-1", "mountPath": "/var/run/embtune/claims/corpus", "readOnly": True},
    ]
    assert environment(spec)["EMBTUNE_CLAIMS"] == "/var/run/embtune/claims"
    assert "claim-" not in str(pod_template(a_blueprint("train", job))), "prepare alone reads data"


def test_prepare_mounts_what_a_file_of_synonyms_is_read_from_and_with() -> None:
    job = a_cluster_job()
    synonyms = SynonymFile(uri="pvc://words/synonyms.tsv", secret_ref=SecretRef(name="thesaurus"))
    augment = Augment(methods=["SynonymReplacement"], synonyms=synonyms)
    data = job.spec.data.model_copy(update={"augment": augment})
    job = job.model_copy(update={"spec": job.spec.model_copy(update={"data": data})})
    (container,) = pod_template(a_blueprint("prepare", job))["spec"]["containers"]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {"/var/run/embtune/claims/words", "/var/run/embtune/sources/thesaurus"} <= mounted


def test_the_profile_places_the_pod_but_cannot_undo_the_contract() -> None:
    blueprint = a_blueprint("train", platform=a_platform(profiles={"default": PROFILE}))
    template = pod_template(blueprint)
    spec = template["spec"]
    (container,) = spec["containers"]
    assert spec["nodeSelector"] == {"pool": "gpu"}
    assert spec["tolerations"] == PROFILE["tolerations"]
    assert (spec["priorityClassName"], spec["runtimeClassName"], spec["serviceAccountName"]) == ("low", "nvidia", "trainer")
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert {v["name"]: v["emptyDir"] for v in spec["volumes"] if "emptyDir" in v} == {
        "scratch": {"sizeLimit": "50Gi"},
        "shared-memory": {"medium": "Memory", "sizeLimit": "8Gi"},
    }
    assert spec["volumes"][-1] == PROFILE["volumes"][0]
    assert container["volumeMounts"][-1] == PROFILE["volumeMounts"][0]
    assert container["envFrom"] == PROFILE["envFrom"]
    assert environment(spec)["NCCL_DEBUG"] == "INFO"
    assert environment(spec)["HOME"] == "/tmp"
    assert container["resources"] == {"requests": {"cpu": "4"}, "limits": {"memory": "8Gi"}}
    assert template["metadata"]["labels"]["team"] == "search"
    assert template["metadata"]["labels"][labels.STEP] == "train"
    assert template["metadata"]["annotations"]["note"] == "yes"


@pytest.mark.parametrize(
    ("step", "evaluates_on_gpu", "gpus"),
    [("train", False, "4"), ("evaluate", False, None), ("evaluate", True, "1"), ("prepare", True, None)],
    ids=["a training asks for all", "an evaluation for none", "or for one, where the profile says so", "prepare for none"],
)
def test_gpus(step: Any, evaluates_on_gpu: bool, gpus: str | None) -> None:
    profile = {"gpuResource": "amd.com/gpu", "evaluateOnGpu": evaluates_on_gpu}
    platform, job = a_platform(profiles={"default": profile}), a_cluster_job(gpusPerNode=4)
    (container,) = pod_template(a_blueprint(step, job, platform))["spec"]["containers"]
    assert container.get("resources", {}).get("limits", {}).get("amd.com/gpu") == gpus
    assert container.get("resources", {}).get("requests", {}).get("amd.com/gpu") == gpus


def test_a_long_job_name_becomes_a_label_of_its_own() -> None:
    names = ["a" * 63, "a" * 64, "a" * 65, f"{'a' * 52}.-{'b' * 40}"]
    values = [labels.label_value(name) for name in names]
    assert values[0] == names[0]
    assert len(set(values)) == len(names)
    assert all(len(value) <= 63 for value in values)
    assert values[3].startswith(f"{'a' * 52}-")
