"""The cross-encoder of a suite, kept with the line: `evaluate` reads nothing but the store."""

from __future__ import annotations

import json
from pathlib import Path

from embtune_api.base_model import BaseModelRef
from embtune_api.documents.files import StoredModel
from embtune_api.errors import InvalidInput
from embtune_api.keys import LineKeys
from embtune_api.suite_settings import CrossEncoderRef
from embtune_store import folders
from embtune_trainer.prepare.base_model import fetched, stage_folder
from embtune_trainer.prepare.model_folder import kept_files
from embtune_trainer.prepare.outside import Outside


def stage_reranker(reference: CrossEncoderRef, line: LineKeys, folder: Path | None, outside: Outside, place: str) -> StoredModel:
    """
    Args:
        place: the field of the spec that errors begin with.

    Raises:
        InvalidInput: it cannot be had, is not in safetensors, or has several outputs.
    """
    wanted = BaseModelRef(uri=reference.uri, secret_ref=reference.secret_ref)
    with fetched(wanted, folder, outside.mirror, outside, place) as found:
        _refuse_unusable(found.folder, reference.uri, place)
        files = [folders.file_entry(found.folder, found.folder / path) for path in kept_files(found.folder)]
        return stage_folder(found.folder, files, reference.uri, outside.own, line.reranker, place)


def _refuse_unusable(folder: Path, uri: str, place: str) -> None:
    config = folder / "config.json"
    try:
        told = json.loads(config.read_bytes())
        outputs = len(told.get("id2label") or [0])
    except (OSError, ValueError, AttributeError):
        raise InvalidInput(f"{place}.uri: {uri} has no config.json that says what model it is. Give a cross-encoder.") from None
    if not any(folder.rglob("*.safetensors")):
        raise InvalidInput(
            f"{place}.uri: {uri} has no *.safetensors. Save it by CrossEncoder(…).save_pretrained(folder), and give that."
        )
    if outputs != 1:
        raise InvalidInput(
            f"{place}.uri: {uri} has {outputs} outputs, and ranking needs one score. Give a cross-encoder for ranking, such as "
            f"hf://cross-encoder/ms-marco-MiniLM-L6-v2."
        )
