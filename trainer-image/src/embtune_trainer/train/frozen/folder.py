"""Two encoders in one folder, which sentence-transformers loads as one model.

```
model/modules.json, router_config.json        a Router: encode_query asks query/, encode_document asks document/
model/config_sentence_transformers.json       the prompts of both
model/query/…                                 a plain folder: the trained encoder
model/document/…                              a plain folder: the base model's own bytes
```
No weight is there twice: the Router's modules are those of the two folders.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Router

from embtune_api.documents.files import FileEntry
from embtune_api.encoder import DOCUMENT_FOLDER, QUERY_FOLDER, ROUTER_FILE
from embtune_trainer.train.save import save

_PROMPTS = "config_sentence_transformers.json"


def query_encoder(base: Path) -> Path:
    """The encoder of queries in a base model's folder: its own, or the base itself."""
    return base / QUERY_FOLDER if (base / ROUTER_FILE).is_file() else base


def document_encoder(base: Path) -> Path:
    """The encoder of documents, alike."""
    return base / DOCUMENT_FOLDER if (base / ROUTER_FILE).is_file() else base


def save_both(queries: SentenceTransformer, base: Path, files: list[FileEntry], folder: Path) -> None:
    """Write the trained encoder of queries, and beside it that of documents byte for byte.

    Args:
        files: those of the base model, relative to its folder; another file that lies there is none of the model's.
    """
    save(queries, folder / QUERY_FOLDER)
    kept = document_encoder(base)
    for file in files:
        source = base / file.path
        if source.is_relative_to(kept):
            target = folder / DOCUMENT_FOLDER / source.relative_to(kept)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    modules = {side: _modules(folder, side) for side in (QUERY_FOLDER, DOCUMENT_FOLDER)}
    router = {
        "types": {path: kind for side in modules.values() for path, kind in side.items()},
        "structure": {side: list(paths) for side, paths in modules.items()},
        "parameters": {"default_route": DOCUMENT_FOLDER, "allow_empty_key": True},
    }
    _write(folder / ROUTER_FILE, router)
    kind = f"{Router.__module__}.{Router.__name__}"
    _write(folder / "modules.json", [{"idx": 0, "name": "0", "path": "", "type": kind}])
    _write(folder / _PROMPTS, _prompts(queries, folder))


def _modules(folder: Path, side: str) -> dict[str, str]:
    """Path, from `folder`, and type of each module of that side's encoder."""
    listed = json.loads((folder / side / "modules.json").read_bytes())
    return {f"{side}/{module['path']}".rstrip("/"): str(module["type"]) for module in listed}


def _prompts(queries: SentenceTransformer, folder: Path) -> dict[str, Any]:
    """Queries are asked with the prompts of theirs, everything else with those of documents."""
    both: dict[str, Any] = json.loads((folder / QUERY_FOLDER / _PROMPTS).read_bytes())
    own = folder / DOCUMENT_FOLDER / _PROMPTS
    documents: dict[str, Any] = json.loads(own.read_bytes()) if own.is_file() else {}
    prompts = {**queries.prompts, **(documents.get("prompts") or {}), "query": queries.prompts["query"]}
    return both | {"prompts": prompts, "default_prompt_name": documents.get("default_prompt_name")}


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
