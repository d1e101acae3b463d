"""Writes what the chart takes from the code: the definitions of our resources, and the schema of its values (`make generate`).

With `--check` it writes nothing, and fails where a file would change.
"""

import json
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from embtune_operator.kube.platform import Platform

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT / "charts" / "embtune"
Schema = dict[str, Any]

RENDERED = ("store", "trainerImage", "imagePullPolicy", "namespaces", "leaderElection", "metricsPort", "healthPort")
"""Fields of Platform that have a place of their own in the values; `platform` holds the others."""
FREE: Schema = {"type": "object"}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
PULL_POLICY: Schema = {"type": "string", "enum": ["Always", "IfNotPresent", "Never"]}
DIGEST: Schema = {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"}
PORT: Schema = {"type": "integer", "minimum": 1024, "maximum": 65535, "description": "Not a privileged one: it runs as nobody."}
NARROWER: dict[str, Schema] = {
    "image.digest": DIGEST,
    "image.pullPolicy": PULL_POLICY,
    "trainerImage.digest": DIGEST,
    "trainerImage.pullPolicy": PULL_POLICY,
    "imagePullSecrets": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
    "replicas": {"type": "integer", "minimum": 0},
    "metricsPort": PORT,
    "healthPort": PORT,
    "resources": FREE,
    "logFormat": {"type": "string", "enum": ["json", "text"]},
    "logLevel": {"type": "string", "enum": ["DEBUG", "INFO", "WARNING"]},
    "podAnnotations": TEXTS,
    "podLabels": TEXTS,
    "nodeSelector": TEXTS,
    "serviceAccount.annotations": TEXTS,
    "metrics.serviceMonitor.labels": TEXTS,
    "metrics.podMonitor.labels": TEXTS,
    "alerts.kind": {"type": "string", "enum": ["PrometheusRule", "ConfigMap"]},
    "alerts.labels": TEXTS,
    "dashboard.labels": TEXTS,
    "dashboard.annotations": TEXTS,
}
"""What the defaults in values.yaml alone do not say, by path."""


def main() -> int:
    wanted = {CHART / "values.schema.json": json.dumps(values_schema(), indent=1) + "\n"}
    for path in sorted((ROOT / "crds").glob("*.yaml")):
        wanted[CHART / "files" / "crds" / path.name] = path.read_text(encoding="utf-8")
    stale = set((CHART / "files" / "crds").glob("*.yaml")) - set(wanted)
    changed = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in sorted({*changed, *stale}):
            sys.stdout.write(f"{path.relative_to(ROOT)} is not what the code says: run `make generate`\n")
        return int(bool(changed or stale))
    for path in changed:
        path.write_text(wanted[path], encoding="utf-8")
    for path in stale:
        path.unlink()
    return 0


def values_schema() -> Schema:
    """Every field of values.yaml with the type of its default, and of Platform with its bounds; nothing else."""
    defaults = YAML(typ="safe").load((CHART / "values.yaml").read_text(encoding="utf-8"))
    platform = Platform.model_json_schema()
    definitions = platform.pop("$defs")
    fields = platform["properties"]
    store = definitions.pop("StoreSettings")
    store["properties"]["credentials"] = _of(defaults["store"]["credentials"], "store.credentials")
    store["properties"]["uri"] |= {"pattern": "^(s3://.+)?$"}  # its absence is reported by the template, with an example
    del store["required"]
    own = {name: _of(value, name) for name, value in defaults.items() if name not in ("store", "platform")}
    own["namespaces"] = fields["namespaces"]
    own["leaderElection"] = fields["leaderElection"]
    rest = {name: schema for name, schema in fields.items() if name not in RENDERED}
    properties = own | {"store": store, "platform": _closed(rest), "global": FREE}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_strict(_closed(properties) | {"$defs": definitions})}


def _of(default: Any, path: str) -> Schema:
    if path in NARROWER:
        return NARROWER[path]
    if isinstance(default, dict) and default:
        return _closed({name: _of(value, f"{path}.{name}") for name, value in default.items()})
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return {"type": names[type(default)]}


def _closed(properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _strict(schema: Schema) -> Schema:
    """Without the titles that pydantic makes of names, and without what it leaves open: keys that no pattern matches."""
    strict = {name: _strict_part(part) for name, part in schema.items() if name != "title" or isinstance(part, dict)}
    if "patternProperties" in schema:
        strict["additionalProperties"] = False
    return strict


def _strict_part(part: Any) -> Any:
    if isinstance(part, list):
        return [_strict_part(one) for one in part]
    return _strict(part) if isinstance(part, dict) else part


if __name__ == "__main__":
    sys.exit(main())
