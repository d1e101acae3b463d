"""A certificate authority for one cluster of the tests, and what it signs. The keys are worth nothing."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DAYS = "365"
CURVE = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1")


@dataclass(frozen=True)
class Pair:
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """Signs with ca.crt and ca.key in its folder; what it issues lies beside them."""

    folder: Path

    @property
    def own(self) -> Pair:
        return Pair(self.folder / "ca.crt", self.folder / "ca.key")

    def issue(self, name: str, *, groups: Sequence[str] = (), hosts: Sequence[str] = (), file: str = "") -> Pair:
        """A certificate for a user (in groups) or a server (with its names and addresses), kept as `file`.crt and `file`.key."""
        stem = file or name.replace(":", "-").replace("/", "-")
        pair = Pair(self.folder / f"{stem}.crt", self.folder / f"{stem}.key")
        subject = "".join(f"/O={_escaped(group)}" for group in groups) + f"/CN={_escaped(name)}"
        extensions = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth,serverAuth"]
        if hosts:
            extensions.append("subjectAltName=" + ",".join(f"{'IP' if _is_address(host) else 'DNS'}:{host}" for host in hosts))
        signer = ["-CA", str(self.own.certificate), "-CAkey", str(self.own.key)]
        _sign(self.folder, pair, subject, extensions, signer)
        return pair

    def key_pair(self, name: str) -> None:
        """What tokens are signed with and checked by: `name`.key and `name`.pub."""
        key = self.folder / f"{name}.key"
        _openssl("genpkey", *CURVE, "-out", str(key))
        _openssl("pkey", "-in", str(key), "-pubout", "-out", str(key.with_suffix(".pub")))


def new_authority(folder: Path) -> Authority:
    folder.mkdir(parents=True, mode=0o700)
    authority = Authority(folder)
    (folder / "openssl.cnf").write_text("[req]\ndistinguished_name = name\n[name]\n")  # so that the machine's own adds nothing
    extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,digitalSignature"]
    _sign(folder, authority.own, "/CN=embtune-tests", extensions, [])
    return authority


def _sign(folder: Path, pair: Pair, subject: str, extensions: Sequence[str], signer: Sequence[str]) -> None:
    _openssl("genpkey", *CURVE, "-out", str(pair.key))
    added = [word for extension in extensions for word in ("-addext", extension)]
    config = ["-config", str(folder / "openssl.cnf"), "-days", DAYS, "-subj", subject]
    _openssl("req", "-x509", "-new", "-key", str(pair.key), "-out", str(pair.certificate), *config, *added, *signer)


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"`openssl {arguments[0]}` failed; version 3 is needed: {done.stderr.strip()}")


def _escaped(name: str) -> str:
    return re.sub(r"([/+\\])", r"\\\1", name)


def _is_address(host: str) -> bool:
    return host.replace(".", "").isdigit() or ":" in host
