"""What the tests build from source: each program, its pinned version, and what else it is called. Nothing is built here."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache"
KUBERNETES = "1.35.4"


@dataclass(frozen=True)
class Program:
    """A Go program: built by `go install`, or in a module made for it where that cannot do (see `needs_module`)."""

    name: str
    module: str
    version: str
    package: str = ""
    """The folder of the module to build; where it is empty, the module itself."""
    source: Path | None = None
    """A main.go of ours, built in place of a package of the module."""
    replaces: bool = False
    """The module's go.mod replaces others, so `go install` refuses it."""
    staging: str = ""
    """The version at which the folders that the module's go.mod points to are published."""
    stamps: tuple[tuple[str, str], ...] = ()
    """Variables that the linker sets."""
    links: tuple[str, ...] = ()
    keeps: str = field(default="", repr=False)
    """A folder of the module that is copied into `share`. It is no part of the program, nor of its recipe."""

    @property
    def path(self) -> Path:
        return CACHE / "bin" / self.name

    @property
    def share(self) -> Path:
        return CACHE / "share" / f"{self.name}-{self.version}"

    @property
    def needs_module(self) -> bool:
        return self.replaces or self.source is not None

    @property
    def target(self) -> str:
        return f"{self.module}/{self.package}" if self.package else self.module

    @property
    def recipe(self) -> str:
        """A digest of all that decides what is built."""
        own = self.source.read_bytes() if self.source else b""
        return hashlib.sha256(repr(replace(self, source=None)).encode() + own).hexdigest()[:16]

    @property
    def linker_flags(self) -> str:
        stamps = (*self.stamps, ("main.recipe", self.recipe))
        return " ".join(["-s", *(f"-X {name}={value}" for name, value in stamps)])

    def is_built(self) -> bool:
        """Go writes its linker's flags into each binary."""
        if self.keeps and not self.share.is_dir():
            return False
        return self.path.is_file() and f"main.recipe={self.recipe}".encode() in self.path.read_bytes()


_VERSION = "k8s.io/component-base/version"

MINIO = Program("minio", "github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c")
TRAINING_OPERATOR = Program(
    "training-operator", "github.com/kubeflow/training-operator", "v1.9.3", "cmd/training-operator.v1", keeps="manifests"
)

SERVERS = (
    MINIO,
    Program("versitygw", "github.com/versity/versitygw", "v1.8.0", "cmd/versitygw"),
    Program(
        "kubernetes",
        "k8s.io/kubernetes",
        f"v{KUBERNETES}",
        source=Path(__file__).parent / "kubernetes" / "main.go",
        staging=f"v0.{KUBERNETES.partition('.')[2]}",
        stamps=tuple(
            (f"{_VERSION}.{name}", value)
            for name, value in (("gitVersion", f"v{KUBERNETES}"), ("gitMajor", "1"), ("gitMinor", KUBERNETES.split(".")[1]))
        ),
        links=("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"),
    ),
)
"""What the integration tests talk to."""

TOOLS = (
    Program("helm", "helm.sh/helm/v3", "v3.21.4", "cmd/helm"),
    Program("argocd", "github.com/argoproj/argo-cd/v3", "v3.2.1", "cmd", replaces=True),
    TRAINING_OPERATOR,
    Program("coredns", "github.com/coredns/coredns", "v1.15.0"),
)
"""What a whole node and the chart's tests need besides."""
