"""Files that say who one is to an API server. They hold everything themselves, so they can be copied."""

import base64
import json
from pathlib import Path
from typing import Any

from servers.certificates import Pair

CONTEXT = "embtune-tests"


def write_for_certificate(path: Path, server: str, ca: Path, pair: Pair) -> Path:
    return _write(path, server, ca, {"client-certificate-data": _data(pair.certificate), "client-key-data": _data(pair.key)})


def write_for_token(path: Path, server: str, ca: Path, token: str) -> Path:
    return _write(path, server, ca, {"token": token})


def _write(path: Path, server: str, ca: Path, user: dict[str, str]) -> Path:
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, "certificate-authority-data": _data(ca)}}],
        "users": [{"name": CONTEXT, "user": user}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=1))
    return path


def _data(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
