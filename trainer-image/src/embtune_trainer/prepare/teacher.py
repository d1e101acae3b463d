"""The model that the loss learns from: found, looked through, and put where `train` reads it. No torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embtune_api.base_model import BaseModelRef
from embtune_api.errors import InvalidInput
from embtune_api.losses import TEACHERS
from embtune_store.folders import read_verified
from embtune_trainer.prepare.base_model import fetched, resolve_base, stage

if TYPE_CHECKING:
    from embtune_api.documents.files import StoredModel
    from embtune_api.documents.prepare import ResolvedBase
    from embtune_api.requests import PrepareRequest
    from embtune_api.training import Training
    from embtune_store.protocol import Store
    from embtune_trainer.prepare.outside import Outside

FIELD = "training.loss.teacher"


def resolve_teacher(request: PrepareRequest, base: ResolvedBase, outside: Outside) -> ResolvedBase | None:
    """What `training.loss.teacher` means today: the base, where the loss needs an encoder and none is named; None: it learns from
    nobody.

    Raises:
        InvalidInput: no such model, not reachable, or not what the loss needs.
        Tampered: the bytes of a version are not those that were published.
    """
    loss, kind = request.training.loss, TEACHERS.get(request.training.loss.name)
    if kind is None:
        return None
    if loss.teacher is None:
        return base
    wanted, secret = loss.teacher, request.base_model.secret_ref
    reference = BaseModelRef(uri=wanted.uri, version=wanted.version, secret_ref=secret)
    folder = Path(request.folder) if request.folder is not None else None
    staged = request.job_keys.step("prepare", request.digest).teacher
    if kind == "cross-encoder":
        with fetched(reference, folder, outside.mirror, outside, FIELD) as found:
            return stage(found, reference.uri or "", outside.own, staged, FIELD, check_cross_encoder)
    return resolve_base(
        reference,
        store=outside.own,
        namespace=request.namespace,
        staged=staged,
        folder=folder,
        mirror=outside.mirror,
        secrets=outside.secrets,
        field=FIELD,
    )


def check_cross_encoder(folder: Path, uri: str, field: str) -> None:
    """
    Raises:
        InvalidInput: it has no safetensors, no configuration, or several outputs.
    """
    if not any(folder.rglob("*.safetensors")):
        raise InvalidInput(
            f"{field}.uri: {uri} has no *.safetensors. Save it by CrossEncoder(…).save_pretrained(folder), and give that."
        )
    config = _parsed((folder / "config.json").read_bytes()) if (folder / "config.json").is_file() else {}
    outputs = len(config.get("id2label") or ("LABEL_0", "LABEL_1"))  # transformers leaves two out
    if not config or ("SequenceClassification" in str(config.get("architectures")) and outputs != 1):
        raise InvalidInput(
            f"{field}.uri: {uri} is not a cross-encoder with one output: its config.json has {outputs if config else 'none'}. "
            f"Give a cross-encoder for ranking, such as hf://cross-encoder/ms-marco-MiniLM-L6-v2."
        )


def refuse_other_dimensions(training: Training, base: ResolvedBase, teacher: ResolvedBase | None, store: Store) -> None:
    """Vectors are cut and compared number by number. What the models' files do not say is seen when they are loaded.

    Raises:
        InvalidInput: more numbers are wanted than the base's vectors have, or the teacher's have others than the base's.
    """
    own = dimension_of(store, base.model)
    if own is None:
        return
    if training.matryoshka and max(training.matryoshka.dims) > own:
        raise InvalidInput(
            f"training.matryoshka.dims: {max(training.matryoshka.dims)} is more than the {own} numbers that the base model's "
            f"vectors have. Give numbers up to {own}."
        )
    other = dimension_of(store, teacher.model) if teacher and training.loss.name == "MSE" else own
    if other not in (own, None):
        raise InvalidInput(
            f"{FIELD}: the teacher's vectors have {other} numbers and the base model's {own}, so that MSE cannot compare them. "
            f"Give a teacher whose vectors have {own}, or another base model."
        )


def dimension_of(store: Store, model: StoredModel) -> int | None:
    """Numbers in a vector, by the last module that says; None: none does."""
    files = {file.path: file for file in model.files}

    def config(path: str) -> Any:
        return _parsed(read_verified(store, files[path].below(model.prefix))) if path in files else None

    for module in reversed(config("modules.json") or []):
        found = config(f"{module['path']}/config.json") or {}
        if str(module["type"]).endswith("Dense") and "out_features" in found:
            return int(found["out_features"])
        if str(module["type"]).endswith("Pooling"):
            return _pooled(found)
    return None


def _pooled(config: dict[str, Any]) -> int | None:
    """Each way to pool brings along as many numbers as a token has."""
    one = config.get("embedding_dimension", config.get("word_embedding_dimension"))
    modes = config.get("pooling_mode")
    several = (
        len(modes) if isinstance(modes, list) else sum(config[name] is True for name in config if name.startswith("pooling_"))
    )
    return None if one is None else int(one) * max(1, several)


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return {}
