"""The dashboard and the alerts ask for metrics that exist, by labels that they have."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from support.monitoring import ALERTS, DASHBOARD, alert_rules, alert_tests, dashboard_queries, panels

METRICS = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<type>\w+) \|(?P<labels>[^|]*)\|", re.MULTILINE)
SCRAPED = {"namespace", "pod", "instance", "job_name", "model", "alertname", "alertstate"}
"""Labels that Prometheus and the PodMonitor add."""
OTHERS = {"process_resident_memory_bytes", "ALERTS"}


def _documented() -> dict[str, set[str]]:
    """Every series of docs/metrics.md with its labels; a histogram has three."""
    series: dict[str, set[str]] = {}
    for name, kind, labels in ROW.findall(METRICS.read_text(encoding="utf-8")):
        own = set(re.findall(r"`(\w+)`", labels))
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        series |= {name + suffix: own | ({"le"} if suffix == "_bucket" else set()) for suffix in suffixes}
    return series


QUERIES = {
    **{f"panel {title}: {query}": query for title, query in dashboard_queries()},
    **{f"alert {rule['alert']}": rule["expr"] for rule in alert_rules()},
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_names_metrics_and_labels_that_exist(query: str) -> None:
    known = _documented()
    expression = re.sub(r"\"[^\"]*\"|'[^']*'|\[[^]]*\]", "", QUERIES[query])
    named = set(re.findall(r"\b(?:embtune|process)_\w+", expression))
    assert named
    assert named <= known.keys() | OTHERS
    grouped = re.findall(r"\b(?:by|on) \(([^)]*)\)", expression)
    matched = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", " ".join(re.findall(r"\{([^}]*)\}", expression)))
    labels = {label.strip() for group in grouped for label in group.split(",") if label.strip()} | set(matched)
    assert labels <= SCRAPED.union(*(known.get(name, set()) for name in named))


def test_grafana_knows_every_word_of_the_dashboard() -> None:
    """Read and written by Grafana's own SDK it loses nothing, but for what belongs to kinds that the SDK leaves open."""
    written: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    register_default_plugins()
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(written)))
    assert set(_lost(written, read, "")) == {
        "annotations.list.0.builtIn",
        *(f"annotations.list.1.{word}" for word in ("step", "textFormat", "titleFormat")),
        *(f"templating.list.{number}.definition" for number in (1, 2, 3)),
    }


def test_panels_have_their_places_and_their_sources() -> None:
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert "id" not in dashboard, "an id belongs to one Grafana"
    found = panels()
    assert len({panel["id"] for panel in found}) == len(found)
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    for panel in (panel for panel in found if panel["type"] != "row"):
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert set(re.findall(r"\$(\w+)", json.dumps(panel))) <= variables | {"__rate_interval"}
    cells = [cell for panel in found for cell in _cells(panel["gridPos"])]
    assert len(cells) == len(set(cells)), "panels overlap"
    assert all(0 <= x < 24 for x, _ in cells)


def test_every_alert_says_what_to_do_and_is_seen_firing() -> None:
    for rule in alert_rules():
        assert {"summary", "description", "runbook"} <= rule["annotations"].keys(), rule["alert"]
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    fired = {name for test in alert_tests() for name in re.findall(r'alertname="(\w+)"', json.dumps(test).replace('\\"', '"'))}
    assert fired == {rule["alert"] for rule in alert_rules()}
    assert ALERTS.exists()


def _lost(written: Any, read: Any, path: str) -> Iterator[str]:
    """Paths of what is there in `written` and not, or not the same, in `read`."""
    if isinstance(written, dict) and isinstance(read, dict):
        for name, value in written.items():
            yield from _lost(value, read.get(name), f"{path}.{name}".strip("."))
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for number, (one, other) in enumerate(zip(written, read, strict=True)):
            yield from _lost(one, other, f"{path}.{number}")
    elif written != read:
        yield path


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    return [(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])]
