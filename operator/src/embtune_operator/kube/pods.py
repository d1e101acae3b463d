"""The pod of a step: what the platform's profile says, what namespaces that enforce `restricted` ask for, and the contract
between pods and the trainer (environment, mounted files, exit code, termination message).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.reach import CLAIM_URI
from embtune_api.requests import PrepareRequest
from embtune_operator.kube import labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embtune_api.augment import SynonymFile
    from embtune_api.requests import AnyRequest
    from embtune_api.resources import FineTuneJob
    from embtune_api.sources import DataSource
    from embtune_operator.cluster import Child
    from embtune_operator.kube.api import Object
    from embtune_operator.kube.platform import Platform, Profile

CONTAINER = "step"
NOBODY = 65532
STORE_FOLDER = "/var/run/embtune/store"
SOURCES_FOLDER = "/var/run/embtune/sources"
CLAIMS_FOLDER = "/var/run/embtune/claims"
REQUEST_FOLDER = "/etc/embtune"
METRICS_PORT = 9091
TRAIN_GRACE_SECONDS, GRACE_SECONDS = 300, 30
"""Between SIGTERM and SIGKILL; a training saves a checkpoint in it."""


@dataclass(frozen=True)
class Blueprint:
    """Everything that a child is made from."""

    job: FineTuneJob
    child: Child
    image: str
    profile: Profile
    platform: Platform
    secret: str
    """With the credentials for the store."""

    @property
    def request(self) -> AnyRequest:
        return self.child.request

    def metadata(self) -> Object:
        """Of the child itself."""
        return {
            "name": self.child.name,
            "namespace": self.job.metadata.namespace,
            "labels": {**labels.queue_labels(self.job), **self.labels()},
            "annotations": {labels.DIGEST: self.request.digest},
            "ownerReferences": [labels.owner_reference(self.job)],
        }

    def labels(self) -> dict[str, str]:
        return labels.step_labels(self.job, self.request.step, self.child.attempt)


def pod_template(
    blueprint: Blueprint, *, container: str = CONTAINER, env: Iterable[Object] = (), ports: Iterable[Object] = ()
) -> Object:
    """
    Args:
        container: its name, where a launcher asks for one.
        env, ports: what the launcher adds.
    """
    profile, request = blueprint.profile, blueprint.request
    return {
        "metadata": {
            "labels": {**profile.labels, **blueprint.labels()},
            "annotations": {
                **profile.annotations,
                labels.DIGEST: request.digest,
                labels.REQUEST: request.model_dump_json(),
            },
        },
        "spec": {
            **_placement(profile),
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": TRAIN_GRACE_SECONDS if request.step == "train" else GRACE_SECONDS,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": NOBODY,
                "runAsGroup": NOBODY,
                "fsGroup": NOBODY,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(blueprint, container, env, ports)],
            "volumes": [*_volumes(blueprint), *profile.volumes],
        },
    }


def _placement(profile: Profile) -> Object:
    said: Object = {
        "nodeSelector": profile.node_selector,
        "tolerations": profile.tolerations,
        "affinity": profile.affinity,
        "priorityClassName": profile.priority_class_name,
        "runtimeClassName": profile.runtime_class_name,
        "serviceAccountName": profile.service_account_name,
        "imagePullSecrets": [{"name": name} for name in profile.image_pull_secrets],
    }
    return {field: value for field, value in said.items() if value}


def _container(blueprint: Blueprint, name: str, env: Iterable[Object], ports: Iterable[Object]) -> Object:
    step = blueprint.request.step
    offered = [*ports, {"name": "metrics", "containerPort": METRICS_PORT}] if step == "train" else [*ports]
    content: Object = {
        "name": name,
        "image": blueprint.image,
        "imagePullPolicy": blueprint.platform.image_pull_policy,
        "command": ["embtune-trainer", step, "--request", f"{REQUEST_FOLDER}/{labels.REQUEST_FILE}"],
        "env": _by_name([*blueprint.profile.env, *_environment(blueprint), *env]),
        "envFrom": blueprint.profile.env_from,
        "ports": offered,
        "resources": _resources(blueprint),
        "volumeMounts": [*_mounts(blueprint), *blueprint.profile.volume_mounts],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    return {field: value for field, value in content.items() if value not in ([], {})}


def _environment(blueprint: Blueprint) -> list[Object]:
    store, step = blueprint.platform.store, blueprint.request.step
    values = {
        "HOME": "/tmp",
        "EMBTUNE_CACHE": "/tmp/cache",
        "EMBTUNE_TERMINATION_LOG": "/dev/termination-log",
        "EMBTUNE_STORE_CREDENTIALS": STORE_FOLDER,
        "AWS_REGION": store.region,
        "PYTHONUNBUFFERED": "1",
    }
    if store.endpoint:
        values["AWS_ENDPOINT_URL"] = store.endpoint
    if step == "prepare":
        values["EMBTUNE_SOURCE_SECRETS"] = SOURCES_FOLDER
        values["EMBTUNE_CLAIMS"] = CLAIMS_FOLDER
    if step == "train":
        values["EMBTUNE_METRICS_PORT"] = str(METRICS_PORT)
    return [{"name": name, "value": value} for name, value in values.items()]


def _by_name(entries: list[Object]) -> list[Object]:
    """One entry a name: the last, which is ours where the profile has one too."""
    return list({entry["name"]: entry for entry in entries}.values())


def _resources(blueprint: Blueprint) -> Object:
    profile, step, gpus = blueprint.profile, blueprint.request.step, blueprint.job.spec.runtime.gpus_per_node
    given = profile.resources.get(step)
    requests, limits = (dict(given.requests), dict(given.limits)) if given else ({}, {})
    wanted = gpus if step == "train" else min(gpus, 1) if step == "evaluate" and profile.evaluate_on_gpu else 0
    if wanted:
        limits[profile.gpu_resource] = requests[profile.gpu_resource] = str(wanted)
    return {name: amounts for name, amounts in (("requests", requests), ("limits", limits)) if amounts}


def _volumes(blueprint: Blueprint) -> list[Object]:
    request = {"path": labels.REQUEST_FILE, "fieldRef": {"fieldPath": f"metadata.annotations['{labels.REQUEST}']"}}
    return [
        {"name": "request", "downwardAPI": {"items": [request]}},
        {"name": "store", "secret": {"secretName": blueprint.secret, "defaultMode": 0o440}},
        {"name": "scratch", "emptyDir": {"sizeLimit": blueprint.profile.scratch}},
        {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": blueprint.profile.shared_memory}},
        *(
            {"name": f"source-{number}", "secret": {"secretName": name, "defaultMode": 0o440}}
            for number, name in enumerate(_source_secrets(blueprint.request))
        ),
        *(
            {"name": f"claim-{number}", "persistentVolumeClaim": {"claimName": name, "readOnly": True}}
            for number, name in enumerate(_source_claims(blueprint.request))
        ),
    ]


def _mounts(blueprint: Blueprint) -> list[Object]:
    return [
        {"name": "request", "mountPath": REQUEST_FOLDER, "readOnly": True},
        {"name": "store", "mountPath": STORE_FOLDER, "readOnly": True},
        {"name": "scratch", "mountPath": "/tmp"},
        {"name": "shared-memory", "mountPath": "/dev/shm"},
        *(
            {"name": f"source-{number}", "mountPath": f"{SOURCES_FOLDER}/{name}", "readOnly": True}
            for number, name in enumerate(_source_secrets(blueprint.request))
        ),
        *(
            {"name": f"claim-{number}", "mountPath": f"{CLAIMS_FOLDER}/{name}", "readOnly": True}
            for number, name in enumerate(_source_claims(blueprint.request))
        ),
    ]


def _source_secrets(request: AnyRequest) -> list[str]:
    """The tenant's own Secrets that `prepare` reads with, by name, each once."""
    if not isinstance(request, PrepareRequest):
        return []
    readers = [suite.reranking.cross_encoder for suite in request.suites if suite.reranking]
    sources = [request.base_model, *request.bases.values(), *readers, *_files(request)]
    return sorted({source.secret_ref.name for source in sources if source.secret_ref})


def _source_claims(request: AnyRequest) -> list[str]:
    """The volume claims that `prepare` reads from, by name, each once."""
    if not isinstance(request, PrepareRequest):
        return []
    found = (re.fullmatch(CLAIM_URI, file.uri) for file in _files(request))
    return sorted({match["claim"] for match in found if match})


def _files(request: PrepareRequest) -> list[DataSource | SynonymFile]:
    """What is read beside the base model."""
    data = request.data
    if data is None:
        return []
    synonyms = [data.augment.synonyms] if data.augment and data.augment.synonyms else []
    auxiliary = [one.train for one in data.auxiliary or []]
    return [*data.train, *auxiliary, *synonyms, *(source for suite in request.suites for source in suite.sources)]
