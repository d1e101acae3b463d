"""What a sentence-transformers folder is made of, and which of its files are worth keeping."""

import json
from pathlib import Path
from typing import Any

from embtune_api.errors import InvalidInput

KEPT = ("*.json", "*.txt", "*.model", "*.safetensors", "*.jinja")
DROPPED_FOLDERS = ("onnx", "openvino")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
_REMEDY = (
    "Give a model that was saved by sentence-transformers as safetensors, such as hf://sentence-transformers/all-MiniLM-L6-v2; "
    'another checkpoint becomes one by SentenceTransformer("…").save_pretrained(folder).'
)


def kept_files(folder: Path) -> list[str]:
    """Paths, relative to `folder` and sorted, of the files that make the model; no read-me, no pickles, no exports."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths if is_kept(path.as_posix()))


def is_kept(path: str) -> bool:
    parts = Path(path).parts
    hidden = any(part.startswith(".") or part in DROPPED_FOLDERS for part in parts)
    return not hidden and any(Path(path).match(pattern) for pattern in KEPT)


class _Unusable(Exception):
    """What is wrong with the folder."""


def check_model_folder(folder: Path, uri: str, field: str = "baseModel") -> None:
    """
    Args:
        field: of the spec, that names the model

    Raises:
        InvalidInput: it is not a sentence-transformers model in safetensors; says what is missing.
    """
    try:
        _check(folder)
    except _Unusable as what:
        raise InvalidInput(
            f"{field}.uri: {uri} is not a sentence-transformers model that can be used: {what}. {_REMEDY}"
        ) from None


def _check(folder: Path) -> None:
    modules = _modules(folder)
    first = modules[0]
    if not str(first["type"]).endswith("Transformer"):
        raise _Unusable(f"its first module is a {first['type']}, not a Transformer")
    for module in modules:
        _check_module(folder / str(module["path"]), module)
    _refuse_prompts_left_out(folder, modules)
    transformer = folder / str(first["path"])
    if not (transformer / "config.json").is_file():
        raise _Unusable(f"{_name(folder, transformer)}config.json is missing")
    if not _any(transformer, ("*.safetensors",)):
        raise _Unusable(f"there are no weights {_name(folder, transformer)}model.safetensors")
    if not _any(transformer, _TOKENIZERS):
        raise _Unusable(f"there is no tokenizer ({_name(folder, transformer)}tokenizer.json or vocab.txt)")


def _modules(folder: Path) -> list[dict[str, Any]]:
    path = folder / "modules.json"
    if not path.is_file():
        raise _Unusable("modules.json is missing")
    try:
        modules = json.loads(path.read_bytes())
    except ValueError:
        raise _Unusable("modules.json is not JSON") from None
    if not isinstance(modules, list) or not modules or not all(_is_module(module) for module in modules):
        raise _Unusable("modules.json does not list modules with a path and a type")
    return modules


def _is_module(module: Any) -> bool:
    return isinstance(module, dict) and isinstance(module.get("path"), str) and isinstance(module.get("type"), str)


def _check_module(folder: Path, module: dict[str, Any]) -> None:
    if not module["type"].startswith("sentence_transformers."):
        raise _Unusable(f"module {module['type']} is code of its own, which embtune does not run")
    if ".." in Path(module["path"]).parts or Path(module["path"]).is_absolute():
        raise _Unusable(f"modules.json points outside the folder ({module['path']})")
    if _any(folder, _PICKLES) and not _any(folder, ("*.safetensors",)):
        raise _Unusable("its weights are pickled (*.bin), which can run code when loaded; only safetensors are read")
    if module["type"].endswith("Pooling") and not (folder / "config.json").is_file():
        raise _Unusable(f"{module['path']}/config.json is missing")
    for weights in folder.glob("*.safetensors"):
        if not _has_safetensors_header(weights):
            raise _Unusable(f"{weights.name} is not a safetensors file (cut short, or a Git LFS pointer: run git lfs pull)")


def _refuse_prompts_left_out(folder: Path, modules: list[dict[str, Any]]) -> None:
    """Such a pooling needs to know where the prompt ends in every text; training feeds it token ids alone."""
    prompts = _read_json(folder / "config_sentence_transformers.json").get("prompts") or {}
    pooling = [folder / str(module["path"]) / "config.json" for module in modules if module["type"].endswith("Pooling")]
    if any(prompts.values()) and any(_read_json(path).get("include_prompt") is False for path in pooling):
        raise _Unusable("its pooling leaves out the prompts that it has (include_prompt: false)")


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        raise _Unusable(f"{path.name} is not JSON") from None
    return found if isinstance(found, dict) else {}


def _has_safetensors_header(path: Path) -> bool:
    """8 bytes little-endian: the length of the JSON header that follows."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= size - 8:
            return False
        try:
            header = json.loads(file.read(length))
        except ValueError:
            return False
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    return bool(max(ends, default=0) == size - 8 - length)


def _any(folder: Path, patterns: tuple[str, ...]) -> bool:
    return any(path.is_file() for pattern in patterns for path in folder.glob(pattern))


def _name(folder: Path, inner: Path) -> str:
    return "" if inner == folder else f"{inner.relative_to(folder).as_posix()}/"
