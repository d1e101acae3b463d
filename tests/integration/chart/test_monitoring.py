"""Prometheus' own tool reads every query of the dashboard and the alerts, and sees each alert fire."""

import json
import re
from pathlib import Path

from ruamel.yaml import YAML

from support.chart import Helm, Program, the
from support.monitoring import ALERT_TESTS, ALERTS, alert_rules, dashboard_queries

ALL_EYES = "dashboard.enabled=true,alerts.enabled=true,metrics.serviceMonitor.enabled=true,metrics.podMonitor.enabled=true"


def test_each_alert_fires_when_it_should_and_only_then(promtool: Program) -> None:
    promtool("check", "rules", ALERTS)
    promtool("test", "rules", ALERT_TESTS)


def test_prometheus_reads_every_query_of_the_dashboard(promtool: Program, tmp_path: Path) -> None:
    queries = [re.sub(r"\$__rate_interval", "5m", query) for _, query in dashboard_queries()]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    assert f"{len(queries)} rules found" in promtool("check", "rules", path).stdout


def test_the_chart_hands_alerts_and_dashboard_on_as_they_are(helm: Helm) -> None:
    found = helm.template("--set", "store.uri=s3://m,store.credentials.existingSecret=store", "--set", ALL_EYES)
    assert the("PrometheusRule", found)["spec"]["groups"][0]["rules"] == alert_rules()
    assert json.loads(the("ConfigMap", found, "embtune-dashboard")["data"]["embtune.json"])["uid"] == "embtune"
    assert the("ConfigMap", found, "embtune-dashboard")["metadata"]["labels"]["grafana_dashboard"] == "1"
    found = helm.template(
        "--set", "store.uri=s3://m,store.credentials.existingSecret=store", "--set", "alerts.enabled=true,alerts.kind=ConfigMap"
    )
    rules = YAML(typ="safe").load(the("ConfigMap", found, "embtune-alerts")["data"]["embtune.yaml"])
    assert rules["groups"][0]["rules"] == alert_rules()


def test_training_pods_are_found_by_the_labels_that_they_have(helm: Helm) -> None:
    found = helm.template(
        "--set",
        "store.uri=s3://m,store.credentials.existingSecret=store",
        "--set",
        ALL_EYES,
        "--set",
        "namespaces={search,support}",
    )
    monitor = the("PodMonitor", found)["spec"]
    assert monitor["selector"]["matchLabels"] == {"app.kubernetes.io/managed-by": "embtune", "embtune.dev/step": "train"}
    assert monitor["namespaceSelector"] == {"matchNames": ["search", "support"]}
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert endpoint["port"] == "metrics"
