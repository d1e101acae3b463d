"""A real S3 server, for as long as a test needs it."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BINARIES = Path(__file__).resolve().parents[2] / ".cache" / "bin"
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
    with _running(command, environ, port, folder / "minio.log"):
        yield S3Server(f"http://127.0.0.1:{port}", ACCESS_KEY, SECRET_KEY, BUCKET)


@contextmanager
def running_versitygw(folder: Path) -> Iterator[S3Server]:
    """versitygw over a plain folder, in which a bucket is a folder."""
    data, port = folder / "versitygw", free_port()
    (data / BUCKET).mkdir(parents=True)
    command = [str(BINARIES / "versitygw"), "--port", f"127.0.0.1:{port}", "posix", str(data)]
    environ = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY, "HOME": str(folder)}
    with _running(command, environ, port, folder / "versitygw.log"):
        yield S3Server(f"http://127.0.0.1:{port}", ACCESS_KEY, SECRET_KEY, BUCKET)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: Sequence[str], environ: Mapping[str, str], port: int, log: Path) -> Iterator[None]:
    setpriv = shutil.which("setpriv")  # so that the server ends with us, even by kill -9
    prefix = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    with log.open("wb") as output:
        process = subprocess.Popen([*prefix, *command], env=dict(environ), stdout=output, stderr=output)
        try:
            _wait_until_ready(process, port, log)
            yield
        finally:
            process.kill()
            process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Wait for an HTTP answer of any kind that is not 503: MinIO listens before it can serve."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _status(port) not in {None, 503}:
            return
        time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} did not get ready:\n{log.read_text()[-2000:]}")


def _status(port: int) -> int | None:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"GET /{BUCKET} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            return int(connection.recv(64).split()[1])
    except (OSError, IndexError, ValueError):
        return None
