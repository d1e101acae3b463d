"""The settings that the chart renders are those that the operator reads."""

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from embtune_operator.kube.platform import Platform, Profile
from embtune_operator.service.configuration import load_platform
from support.chart import Helm, the

PLAIN = ("--set", "store.uri=s3://models/embtune,store.credentials.existingSecret=store")
PROFILE: dict[str, Any] = {
    "nodeSelector": {"accelerator": "l4"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "tolerationSeconds": 300}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "training",
    "runtimeClassName": "nvidia",
    "serviceAccountName": "trainer",
    "imagePullSecrets": ["registry"],
    "sharedMemory": "16Gi",
    "scratch": "100Gi",
    "env": [{"name": "NCCL_DEBUG", "value": "INFO"}, {"name": "OCTAL", "value": "012"}],
    "envFrom": [{"configMapRef": {"name": "proxies"}}],
    "volumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "volumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}],
    "labels": {"team": "search", "on": "true"},
    "annotations": {"cost": "1e3"},
    "resources": {"train": {"requests": {"cpu": "8"}, "limits": {"memory": "64Gi"}}},
    "gpuResource": "amd.com/gpu",
    "evaluateOnGpu": True,
    "maxNodes": 4,
    "maxGpusPerNode": 8,
}
SETTINGS: dict[str, Any] = {
    "cluster": "blue",
    "launcher": "IndexedJob",
    "defaultProfile": "gpu",
    "profiles": {"gpu": PROFILE},
    "maxAttempts": 5,
    "pollSeconds": 2.5,
    "backoffSeconds": 0,
    "stuckSeconds": 120,
    "stallSeconds": 600,
    "startGraceSeconds": 1800,
    "leaseSeconds": 30,
    "workers": 32,
}
STORE: dict[str, Any] = {
    "uri": "s3://models/embtune",
    "endpoint": "https://minio.minio:9000",
    "region": "eu-central-1",
    "sts": False,
    "sessionSeconds": 604_800,
    "roleArn": "arn:aws:iam::1:role/embtune",
}


def test_the_defaults_are_the_operators_own(helm: Helm, tmp_path: Path) -> None:
    read = _rendered(helm, tmp_path, *PLAIN)
    least = Platform.model_validate({"store": {"uri": "s3://models/embtune"}, "trainerImage": "embtune/trainer:0.1.0"})
    assert read.model_dump(exclude={"profiles"}) == least.model_dump(exclude={"profiles"})
    assert read.profiles["default"].model_dump(exclude={"resources"}) == Profile().model_dump(exclude={"resources"})
    assert set(read.profiles["default"].resources) == {"prepare", "train", "evaluate", "publish"}


def test_every_setting_can_be_given_as_a_value(helm: Helm, tmp_path: Path) -> None:
    values = {
        "store": {**STORE, "credentials": {"existingSecret": "store"}},
        "trainerImage": {"repository": "local/trainer", "tag": "7", "pullPolicy": "Never"},
        "namespaces": ["search"],
        "leaderElection": False,
        "metricsPort": 9990,
        "healthPort": 9991,
        "platform": SETTINGS,
    }
    path = tmp_path / "values.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    read = _rendered(helm, tmp_path, "--values", path)
    dumped = read.model_dump(by_alias=True)
    for name, value in {**SETTINGS, "store": STORE, "trainerImage": "local/trainer:7", "imagePullPolicy": "Never"}.items():
        if name != "profiles":
            assert dumped[name] == value, name
    assert read.profiles["gpu"] == Profile.model_validate(PROFILE)
    assert "default" in read.profiles, "a profile is added to the chart's own"
    assert (read.namespaces, read.leader_election, read.metrics_port, read.health_port) == (["search"], False, 9990, 9991)


def test_the_definitions_are_those_of_the_models_and_outlive_the_release(helm: Helm) -> None:
    found = [one for one in helm.template(*PLAIN) if one["kind"] == "CustomResourceDefinition"]
    source = Path(__file__).resolve().parents[3] / "crds"
    wanted = [YAML(typ="safe").load(path.read_text(encoding="utf-8")) for path in sorted(source.glob("*.yaml"))]
    assert [one["spec"] for one in found] == [one["spec"] for one in wanted]
    assert all(one["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for one in found)
    assert not [one for one in helm.template(*PLAIN, "--set", "crds.install=false") if one["kind"] == "CustomResourceDefinition"]


def test_changed_settings_restart_the_operator(helm: Helm) -> None:
    sums = {_pod(helm, "--set", f"platform.workers={count}")["metadata"]["annotations"]["checksum/config"] for count in (1, 1, 2)}
    assert len(sums) == 2


def test_a_password_is_in_the_secret_alone(helm: Helm) -> None:
    found = helm.template(
        "--set", "store.uri=s3://m,store.credentials.accessKeyId=me,store.credentials.secretAccessKey=pass-word"
    )
    assert [one["kind"] for one in found if "pass-word" in json.dumps(one)] == ["Secret"]
    (source,) = the("Deployment", found)["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    assert source["secretRef"]["name"] == the("Secret", found)["metadata"]["name"]


def _rendered(helm: Helm, folder: Path, *values: object) -> Platform:
    path = folder / "platform.yaml"
    path.write_text(the("ConfigMap", helm.template(*values))["data"]["platform.yaml"], encoding="utf-8")
    return load_platform(path)


def _pod(helm: Helm, *values: object) -> dict[str, Any]:
    found: dict[str, Any] = the("Deployment", helm.template(*PLAIN, *values))["spec"]["template"]
    return found
