"""Models by what people call them."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer

from embtune_api.base_model import BaseModelRef
from embtune_api.digest import tree_digest
from embtune_api.model_use import UsedModel
from embtune_store import open_store
from embtune_store.folders import file_entry
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.encoder import device_for, fetch_model, load_encoder
from embtune_trainer.prepare.base_model import fetched
from embtune_trainer.prepare.model_folder import check_model_folder, kept_files
from embtune_trainer.prepare.outside import Outside


@dataclass(frozen=True)
class Loaded:
    encoder: SentenceTransformer
    digest: str
    """Of its files, as a version and a base have it."""
    size: int
    """bytes"""


@contextlib.contextmanager
def loaded(model: UsedModel, folder: Path, mirror: Path | None) -> Iterator[Loaded]:
    """The model, for as long as its folder is there.

    Raises:
        InvalidInput: there is none of that name, or it is no sentence-transformers model in safetensors.
        Tampered: the bytes of a version are not those that were published.
    """
    torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))
    if model.stored is not None and model.store is not None:
        place = fetch_model(open_store(model.store), model.stored)
        size = sum(file.size for file in model.stored.files)
        yield Loaded(load_encoder(place, device_for(0)), model.stored.digest, size)
        return
    uri = model.uri or ""
    with tempfile.TemporaryDirectory() as scratch:
        outside = Outside(open_store(scratch), mirror=mirror)
        with fetched(BaseModelRef(uri=uri), folder, mirror, outside, "model") as found:
            check_model_folder(found.folder, uri)
            files = [file_entry(found.folder, found.folder / path) for path in kept_files(found.folder)]
            digest = tree_digest((file.path, file.sha256) for file in files)
            yield Loaded(load_encoder(found.folder, device_for(0)), digest, sum(file.size for file in files))
