"""The operator as a process of its own, as it runs in a pod, but on loopback and with a folder for its settings."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from servers.processes import free_port, running

COMMAND = Path(sys.executable).with_name("embtune-operator")


@dataclass
class OperatorProcess:
    process: subprocess.Popen[bytes]
    log: Path
    health: str
    metrics: str
    _requested: list[int] = field(default_factory=list)

    def ready(self) -> bool:
        return self.status("/readyz") == 200

    def status(self, path: str) -> int:
        """HTTP status of the health port; 0 without an answer."""
        try:
            with urllib.request.urlopen(self.health + path, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code
        except OSError:
            return 0

    def metric(self, name: str, **labels: str) -> float:
        """Sum of the samples of that name with those labels; 0 where there are none."""
        with urllib.request.urlopen(self.metrics + "/metrics", timeout=10) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    def resident_megabytes(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, seconds: float = 30) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(seconds)


@contextmanager
def running_operator(
    folder: Path, kubeconfig: Path, store: str, environ: Mapping[str, str] = {}, sts: bool = False, **settings: Any
) -> Iterator[OperatorProcess]:
    """One operator, killed at the end. Several may run at once, each with a folder of its own.

    Args:
        environ: what the store asks for.
        settings: of the platform, in the spelling of its YAML.
    """
    folder.mkdir(parents=True, exist_ok=True)
    health, metrics = free_port(), free_port()
    endpoint = {"endpoint": environ["AWS_ENDPOINT_URL"]} if "AWS_ENDPOINT_URL" in environ else {}
    platform = {
        "store": {"uri": store, "sts": sts, **endpoint},
        "trainerImage": "embtune-trainer:test",
        "healthPort": health,
        "metricsPort": metrics,
        "pollSeconds": 1.0,
        "backoffSeconds": 0.1,
        "leaseSeconds": 5,
        **settings,
    }
    file, log = folder / "platform.yaml", folder / "operator.log"
    file.write_text(json.dumps(platform))
    command = [str(COMMAND), "--config", str(file), "--kubeconfig", str(kubeconfig), "--namespace", "default"]
    keys = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}
    with running(command, {"PATH": os.environ["PATH"], "HOME": str(folder), **keys, **environ}, log) as process:
        yield OperatorProcess(process, log, f"http://127.0.0.1:{health}", f"http://127.0.0.1:{metrics}")


def eventually(seconds: float, condition: Any, operator: OperatorProcess | None = None) -> Any:
    """What the condition gives as soon as it gives something; AssertionError, with the operator's log, when it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    said = operator.log.read_text()[-4000:] if operator else ""
    raise AssertionError(f"not within {seconds} s\n{said}")
