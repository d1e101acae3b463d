"""A real S3 server, for as long as a test needs it."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.processes import free_port, running, wait_until
from servers.programs import CACHE

BINARIES = CACHE / "bin"
ACCESS_KEY, SECRET_KEY, BUCKET = "embtune-tests", "not-a-secret-at-all", "tests"
READY_SECONDS = 30


@dataclass(frozen=True)
class S3Server:
    endpoint: str
    access_key: str
    secret_key: str
    bucket: str

    def environ(self) -> dict[str, str]:
        """What a process must be given to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
        }


def binary(name: str) -> Path | None:
    path = BINARIES / name
    return path if path.is_file() else None


@contextmanager
def running_minio(folder: Path) -> Iterator[S3Server]:
    """MinIO, with its data and its log below `folder`, which may be a small disk."""
    data, port = folder / "minio", free_port()
    (data / BUCKET).mkdir(parents=True)
    command = [str(BINARIES / "minio"), "server", "--address", f"127.0.0.1:{port}", "--console-address", "127.0.0.1:0", str(data)]
    environ = {"MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY, "MINIO_UPDATE": "off", "HOME": str(folder)}
    with _serving(command, environ, port, folder / "minio.log"):
        yield S3Server(f"http://127.0.0.1:{port}", ACCESS_KEY, SECRET_KEY, BUCKET)


@contextmanager
def running_versitygw(folder: Path) -> Iterator[S3Server]:
    """versitygw over a plain folder, in which a bucket is a folder."""
    data, port = folder / "versitygw", free_port()
    (data / BUCKET).mkdir(parents=True)
    command = [str(BINARIES / "versitygw"), "--port", f"127.0.0.1:{port}", "posix", str(data)]
    environ = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY, "HOME": str(folder)}
    with _serving(command, environ, port, folder / "versitygw.log"):
        yield S3Server(f"http://127.0.0.1:{port}", ACCESS_KEY, SECRET_KEY, BUCKET)


@contextmanager
def _serving(command: Sequence[str], environ: Mapping[str, str], port: int, log: Path) -> Iterator[None]:
    """Until it answers HTTP with anything but 503: MinIO listens before it can serve."""
    with running(command, environ, log) as process:
        wait_until(lambda: _status(port) not in {None, 503}, process, log, READY_SECONDS)
        yield


def _status(port: int) -> int | None:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"GET /{BUCKET} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            return int(connection.recv(64).split()[1])
    except (OSError, IndexError, ValueError):
        return None
