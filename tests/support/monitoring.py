"""The chart's alerts and dashboard, as their tests look at them."""

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
ALERTS = ROOT / "charts" / "embtune" / "files" / "alerts.yaml"
DASHBOARD = ROOT / "charts" / "embtune" / "files" / "dashboard.json"
ALERT_TESTS = ROOT / "tests" / "integration" / "chart" / "alerts.test.yaml"


def alert_rules() -> list[dict[str, Any]]:
    return [rule for group in YAML(typ="safe").load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def alert_tests() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = YAML(typ="safe").load(ALERT_TESTS.read_text(encoding="utf-8"))["tests"]
    return found


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return found


def dashboard_queries() -> list[tuple[str, str]]:
    """Title and query, of every panel."""
    return [(panel["title"], target["expr"]) for panel in panels() for target in panel.get("targets", [])]
