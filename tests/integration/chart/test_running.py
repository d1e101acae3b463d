"""A real operator with nothing but what the chart gives it: its settings, its service account, its roles; watched by a real
Prometheus. What it makes ends as on a simulated node.
"""

import json
import re
import shutil
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from servers.control_plane import ControlPlane, running_control_plane
from servers.fixtures import need
from servers.minio_sessions import with_user
from servers.processes import Process, free_port, running, wait_until
from servers.s3_server import S3Server, running_minio
from support.chart import CHART, ROOT, HealthOf, Helm, the
from support.monitoring import alert_rules, dashboard_queries
from support.simulated_node import SimulatedNode, simulated_node

OPERATOR = ROOT / ".venv" / "bin" / "embtune-operator"
NAME = "system:serviceaccount:embtune-system:embtune"
RECIPE: dict[str, Any] = {
    "baseModel": {"uri": "hf://org/base"},
    "data": {"train": [{"uri": "s3://data/train.jsonl"}]},
    "promotion": {"gates": [{"metric": "test/ndcg@10", "minDelta": 0.01, "against": "Base"}]},
    "runtime": {"nodes": 2},
}
LINE = {
    "apiVersion": "embtune.dev/v1alpha1",
    "kind": "EmbeddingModel",
    "metadata": {"name": "shop", "namespace": "search"},
    "spec": {"template": {"spec": RECIPE}},
}
SECONDS = 60


@dataclass(frozen=True)
class Installation:
    plane: ControlPlane
    metrics_port: int
    process: Process
    log: Path

    def wait_until(self, ready: Callable[[], bool]) -> None:
        wait_until(ready, self.process, self.log, SECONDS)


@pytest.fixture(scope="module")
def installation(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Without a controller manager, whose Job controller would not leave the children to the simulated node."""
    need("kubernetes")
    need("minio")
    folder = tmp_path_factory.mktemp("running")
    with ExitStack() as stack:
        plane = stack.enter_context(running_control_plane(folder / "plane", with_controller_manager=False, audit=True))
        store = with_user(stack.enter_context(running_minio(folder)))
        for name in ("embtune-system", "search"):
            plane.kubectl("create", "namespace", name)
        values = _values(store)
        where = ("embtune", CHART, "--namespace", "embtune-system", "--kubeconfig", plane.kubeconfig)
        helm.run("install", *where, "--set-json", f"store={json.dumps(values.pop('store'))}", "--set-json", _json(values))
        settings = folder / "platform.yaml"
        settings.write_text(_platform(plane), encoding="utf-8")
        account = plane.service_account("embtune-system", "embtune")
        command = [OPERATOR, "--config", settings, "--kubeconfig", account, "--namespace", "embtune-system"]
        environ = {**_secret(plane), "NO_PROXY": "127.0.0.1", "HOME": str(folder)}
        log = folder / "operator.log"
        process = stack.enter_context(running([str(word) for word in command], environ, log))
        yield Installation(plane, values["metricsPort"], process, log)


@pytest.fixture(scope="module")
def finished(installation: Installation) -> Installation:
    """With a line that Git made, whose first job is done."""
    plane = installation.plane
    endpoint = re.findall(r"endpoint: (\S+)", _platform(plane))[0]
    reached = {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "NO_PROXY": "127.0.0.1", **_secret(plane)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in reached.items():
            patch.setenv(name, value)
        with simulated_node(SimulatedNode(plane.kubeconfig, "s3://tests/embtune")):
            plane.kubectl("apply", "-f", "-", stdin=json.dumps(LINE))
            installation.wait_until(lambda: _phase(plane) == "Succeeded" and "Production" in _stages(plane))
            installation.wait_until(lambda: "UpToDate" in _line(plane))
    return installation


def test_the_chart_gives_every_right_that_a_job_takes(finished: Installation) -> None:
    requests = [entry for entry in finished.plane.audited() if entry["user"]["username"] == NAME]
    refused = {(entry["verb"], entry["objectRef"]["resource"]) for entry in requests if entry["responseStatus"]["code"] == 403}
    assert refused == set()
    made = {entry["objectRef"]["resource"] for entry in requests if entry["verb"] == "create"}
    assert {"finetunejobs", "jobs", "services", "secrets", "modelversions", "events", "leases"} <= made


def test_argo_cd_calls_what_the_operator_left_healthy(finished: Installation, health_of: HealthOf) -> None:
    for kind, said in {
        "finetunejob": "went to production",
        "modelversion": "Production, ndcg@10",
        "embeddingmodel": "v1 is in production",
    }.items():
        found = json.loads(finished.plane.kubectl("get", kind, "--namespace", "search", "-o", "json"))
        (one,) = found["items"]
        told = health_of(one)
        assert told.startswith("STATUS: Healthy\n"), told
        assert said in told


def test_prometheus_answers_every_query_of_the_dashboard(finished: Installation, tmp_path: Path) -> None:
    """From a real scrape of that operator: each of its metrics is there by the name that the dashboard and the alerts use."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed: it is a Debian package")
    port = free_port()
    target = {"job_name": "embtune", "static_configs": [{"targets": [f"127.0.0.1:{finished.metrics_port}"]}]}
    config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [target]}
    (tmp_path / "prometheus.json").write_text(json.dumps(config), encoding="utf-8")
    command = [program, f"--config.file={tmp_path}/prometheus.json", f"--storage.tsdb.path={tmp_path}/data"]
    with running([*command, f"--web.listen-address=127.0.0.1:{port}"], {}, tmp_path / "log") as process:
        prometheus = _Prometheus(port)
        wait_until(lambda: prometheus.has("count_over_time(embtune_leader[1m]) >= 3"), process, tmp_path / "log", SECONDS)
        known = prometheus.names()
        for query in [query for _, query in dashboard_queries()] + [rule["expr"] for rule in alert_rules()]:
            prometheus.ask(_for_all(query))
            named = {name for name in re.findall(r"\bembtune_\w+", query) if not name.startswith("embtune_training_")}
            assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in named} <= known, query
        assert prometheus.has('embtune_jobs{phase="Succeeded"} == 1')
        assert prometheus.has("embtune_promotions_total == 1")
        assert prometheus.has('embtune_verdicts_total{outcome="Passed"} == 1')
        assert prometheus.has('embtune_versions{stage="Production"} == 1')


class _Prometheus:
    def __init__(self, port: int) -> None:
        self._api = f"http://127.0.0.1:{port}/api/v1"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, query: str) -> list[Any]:
        found: list[Any] = self._get(f"/query?{urllib.parse.urlencode({'query': query})}")["result"]
        return found

    def has(self, query: str) -> bool:
        try:
            return bool(self.ask(query))
        except OSError:
            return False

    def names(self) -> set[str]:
        """What the operator says that it has, whether or not it has counted anything yet."""
        return set(self._get("/metadata"))

    def _get(self, path: str) -> Any:
        with self._opener.open(self._api + path, timeout=10) as answer:
            return json.load(answer)["data"]


def _values(store: S3Server) -> dict[str, Any]:
    credentials = {"accessKeyId": store.access_key, "secretAccessKey": store.secret_key}
    return {
        "store": {"uri": f"s3://{store.bucket}/embtune", "endpoint": store.endpoint, "credentials": credentials},
        "namespaces": ["search"],
        "metricsPort": free_port(),
        "healthPort": free_port(),
        "platform": {"pollSeconds": 0.2, "backoffSeconds": 0.1},
    }


def _json(values: dict[str, Any]) -> str:
    return ",".join(f"{name}={json.dumps(value)}" for name, value in values.items())


def _platform(plane: ControlPlane) -> str:
    found = json.loads(plane.kubectl("get", "configmaps", "--namespace", "embtune-system", "-o", "json"))
    text: str = the("ConfigMap", found["items"], "embtune")["data"]["platform.yaml"]
    return text


def _secret(plane: ControlPlane) -> dict[str, str]:
    template = "{{range $name, $value := .data}}{{$name}}={{$value | base64decode}}\n{{end}}"
    found = plane.kubectl("get", "secret", "embtune-store", "--namespace", "embtune-system", "-o", f"go-template={template}")
    return dict(line.split("=", 1) for line in found.splitlines())


def _phase(plane: ControlPlane) -> str:
    return plane.kubectl("get", "finetunejobs", "--namespace", "search", "-o", "jsonpath={.items[*].status.phase}")


def _stages(plane: ControlPlane) -> str:
    return plane.kubectl("get", "modelversions", "--namespace", "search", "-o", "jsonpath={.items[*].status.stage}")


def _line(plane: ControlPlane) -> str:
    path = "jsonpath={.items[*].status.conditions[*].reason}"
    return plane.kubectl("get", "embeddingmodels", "--namespace", "search", "-o", path)


def _for_all(query: str) -> str:
    query = query.replace("$__rate_interval", "1m")
    return re.sub(r"\$\w+", ".*", query)
