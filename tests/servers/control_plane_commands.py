"""The command lines of a control plane: etcd, API server, controller manager, scheduler. Nothing is started here."""

from dataclasses import dataclass
from pathlib import Path

from servers.certificates import Authority, Pair
from servers.kubeconfig import write_for_certificate
from servers.programs import CACHE

PROGRAM = CACHE / "bin" / "kubernetes"
SERVICES = "10.96.0.0/16"
PODS = "10.244.0.0/16"
MASTERS = "system:masters"
AUDIT_POLICY = (
    '{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}'
)


@dataclass(frozen=True)
class Layout:
    """Where a control plane lives: its folder, its address, its ports, and who it trusts."""

    folder: Path
    address: str
    port: int
    etcd_port: int
    etcd_peer_port: int
    authority: Authority

    @property
    def server(self) -> str:
        return f"https://{self.address}:{self.port}"

    @property
    def ca(self) -> Path:
        return self.authority.own.certificate

    @property
    def audit_log(self) -> Path:
        return self.folder / "audit.log"

    @property
    def service_account_key(self) -> Path:
        return self.authority.folder / "service-accounts.key"

    def kubeconfig(self, user: str, *groups: str, file: str = "") -> Path:
        """Issue a certificate for a user, and write the kubeconfig that carries it."""
        pair = self.authority.issue(user, groups=groups, file=f"{file}-client" if file else "")
        name = file or pair.certificate.stem
        return write_for_certificate(self.folder / f"{name}.kubeconfig", self.server, self.ca, pair)


def etcd(layout: Layout) -> list[str]:
    """It does not wait for the disk: what a test writes need not survive the machine."""
    clients, peers = f"http://127.0.0.1:{layout.etcd_port}", f"http://127.0.0.1:{layout.etcd_peer_port}"
    return [
        *(str(PROGRAM), "etcd", f"--data-dir={layout.folder / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn"),
        *(f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}"),
        *(f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}", f"--initial-cluster=default={peers}"),
    ]


def api_server(layout: Layout, serving: Pair, *, service_accounts: bool, audit: bool, extra: tuple[str, ...] = ()) -> list[str]:
    """RBAC is on. Without a controller manager nobody makes service accounts, and pods are admitted without one."""
    key = layout.service_account_key
    command = [
        *(str(PROGRAM), "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{layout.etcd_port}"),
        *(f"--bind-address={layout.address}", f"--secure-port={layout.port}", f"--advertise-address={layout.address}"),
        *(f"--tls-cert-file={serving.certificate}", f"--tls-private-key-file={serving.key}", f"--client-ca-file={layout.ca}"),
        *(f"--service-account-key-file={key.with_suffix('.pub')}", f"--service-account-signing-key-file={key}"),
        *("--service-account-issuer=https://kubernetes.default.svc", f"--service-cluster-ip-range={SERVICES}"),
        *("--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--profiling=false"),
        *extra,
    ]
    if not service_accounts:
        command.append("--disable-admission-plugins=ServiceAccount")
    if audit:
        policy = layout.folder / "audit-policy.json"
        policy.write_text(AUDIT_POLICY)
        command += [f"--audit-policy-file={policy}", f"--audit-log-path={layout.audit_log}"]
    return command


def controller_manager(layout: Layout, kubeconfig: Path, extra: tuple[str, ...] = ()) -> list[str]:
    own = layout.authority.own
    return [
        *(str(PROGRAM), "kube-controller-manager", f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0"),
        f"--flex-volume-plugin-dir={layout.folder / 'plugins'}",  # which it makes, by default in a folder of the system
        *("--use-service-account-credentials=true", f"--service-account-private-key-file={layout.service_account_key}"),
        *(
            f"--root-ca-file={own.certificate}",
            f"--cluster-signing-cert-file={own.certificate}",
            f"--cluster-signing-key-file={own.key}",
        ),
        *extra,
    ]


def scheduler(kubeconfig: Path) -> list[str]:
    return [str(PROGRAM), "kube-scheduler", f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0"]
