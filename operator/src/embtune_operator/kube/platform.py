"""The platform's settings: what the platform team says in Helm values and tenants cannot override.

The chart renders them as one YAML file, which the operator reads at start-up (`--config`). Quantities, tolerations, volumes
and the like are Kubernetes' own words and are passed on as they are.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from embtune_api.base import Resource
from embtune_api.names import DnsLabel
from embtune_api.status import StepName

Fragment = dict[str, Any]
"""Part of a Kubernetes object."""


class StoreSettings(Resource):
    uri: str
    """`s3://bucket/prefix`"""
    endpoint: str | None = None
    """Of the S3 server, as pods reach it; None: AWS."""
    region: str = "us-east-1"
    sts: bool = True
    """Mint credentials for each step, limited to what it needs, and rotate them. False: every pod gets the operator's own
    credentials: jobs are then not isolated from each other."""
    session_seconds: Annotated[int, Field(ge=900, le=604_800)] = 3600
    """Lifetime of minted credentials; they are replaced at half of it."""
    role_arn: str | None = None
    """For AWS: the role that steps assume. MinIO needs none."""


class StepResources(Resource):
    """For one pod of a step."""

    requests: dict[str, str] = {}
    limits: dict[str, str] = {}


class Profile(Resource):
    """Where and with what the pods of a job run."""

    node_selector: dict[str, str] = {}
    tolerations: list[Fragment] = []
    affinity: Fragment = {}
    priority_class_name: str | None = None
    runtime_class_name: str | None = None
    service_account_name: str | None = None
    """Default: the namespace's `default`, whose token is not mounted."""
    image_pull_secrets: list[str] = []
    shared_memory: str = "2Gi"
    """Of /dev/shm: what data loaders and NCCL exchange goes through it."""
    scratch: str = "20Gi"
    """Limit of the emptyDir behind /tmp."""
    env: list[Fragment] = []
    env_from: list[Fragment] = []
    volumes: list[Fragment] = []
    volume_mounts: list[Fragment] = []
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    resources: dict[StepName, StepResources] = {}
    gpu_resource: str = "nvidia.com/gpu"
    """What `runtime.gpusPerNode` asks for. Steps other than train ask for none, but for evaluate where `evaluateOnGpu`."""
    evaluate_on_gpu: bool = False
    max_nodes: Annotated[int, Field(ge=1)] = 16
    max_gpus_per_node: Annotated[int, Field(ge=0)] = 8


class Platform(Resource):
    cluster: str = ""
    """Name of this cluster in `owner.json`; default: the uid of its kube-system namespace."""
    store: StoreSettings
    trainer_image: str
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    launcher: Literal["Auto", "PyTorchJob", "IndexedJob"] = "Auto"
    """Auto: PyTorchJob where its CRD exists, an Indexed Job with a headless Service elsewhere."""
    profiles: dict[DnsLabel, Profile] = {"default": Profile()}
    default_profile: DnsLabel = "default"
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 20
    """Launches of a step, those that are nobody's fault (evictions, lost nodes) included."""
    poll_seconds: Annotated[float, Field(gt=0)] = 10.0
    """Between two looks at a running step's progress."""
    backoff_seconds: Annotated[float, Field(ge=0)] = 10.0
    stuck_seconds: Annotated[float, Field(ge=0)] = 300.0
    """A pod that has a node but cannot start for this long (no image, a missing Secret) ends its attempt."""
    stall_seconds: Annotated[float, Field(gt=0)] = 1200.0
    start_grace_seconds: Annotated[float, Field(ge=0)] = 900.0
    namespaces: list[DnsLabel] = []
    """Where jobs are looked for; empty: everywhere."""
    leader_election: bool = True
    lease_seconds: Annotated[int, Field(ge=5)] = 15
    workers: Annotated[int, Field(ge=1, le=256)] = 16
    """Resources that are worked on at the same time."""
    watch_seconds: Annotated[int, Field(ge=5, le=300)] = 50
    """The API server ends each watch after that long; one that was silent for twice as long makes the pod unready."""
    metrics_port: int = 9090
    health_port: int = 8080
