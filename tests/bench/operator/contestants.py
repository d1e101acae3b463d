"""Who is measured: embtune's operator, and the naive one."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.operator.stage import Stage
from servers.processes import running
from support.operator_process import OperatorProcess, eventually

NAIVE = Path(__file__).with_name("naive.py")


@dataclass
class Running:
    """A contestant as a process."""

    pid: int
    log: Path

    def megabytes(self) -> float:
        """Resident at most, ever."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1000

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Contestant:
    name: str
    run: Callable[[Stage], AbstractContextManager[Running]]
    has_versions: bool


@contextmanager
def _embtune(stage: Stage) -> Iterator[Running]:
    """As the chart installs it: with sessions for each step and leader election, and no setting turned."""
    defaults = {"pollSeconds": 10.0, "backoffSeconds": 10.0, "leaseSeconds": 15}
    settings = {"sts": True, **defaults}
    with stage.cluster.operator(stage.folder / "operator", stage.kubeconfig, **settings) as operator:
        eventually(60, lambda: _leads(operator), operator)
        yield Running(operator.process.pid, operator.log)


def _leads(operator: OperatorProcess) -> bool:
    return operator.status("/livez") == 200 and operator.metric("embtune_leader") == 1


@contextmanager
def _naive(stage: Stage) -> Iterator[Running]:
    log = stage.folder / "naive.log"
    command = [str(Path(sys.executable).with_name("kopf")), "run", "--standalone", "--all-namespaces", str(NAIVE)]
    environ = {"KUBECONFIG": str(stage.kubeconfig), "PATH": os.environ["PATH"], "HOME": str(stage.folder)}
    with running(command, environ, log) as process:
        deadline = time.monotonic() + 60
        while "succeeded" not in log.read_text():  # of its start-up handler
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield Running(process.pid, log)


EMBTUNE = Contestant("embtune", _embtune, has_versions=True)
NAIVE_OPERATOR = Contestant("naive kopf operator", _naive, has_versions=False)
