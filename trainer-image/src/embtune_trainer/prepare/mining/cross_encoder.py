"""The cross-encoder that reads candidates: fetched, and asked for scores between 0 and 1."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from embtune_api.base_model import BaseModelRef
from embtune_api.digest import tree_digest
from embtune_store import folders
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.cross_encoder import load_cross_encoder, score
from embtune_trainer.prepare.base_model import fetched
from embtune_trainer.prepare.mining.choose import Scored
from embtune_trainer.prepare.model_folder import kept_files
from embtune_trainer.prepare.outside import Outside

FIELD = "data.mine.crossEncoder"


class PairReader:
    """A loaded cross-encoder, on the GPU where there is one.

    Args:
        field: of the spec, that errors begin with

    Raises:
        InvalidInput: it cannot be had, is not in safetensors, or has several outputs.
    """

    def __init__(
        self, reference: BaseModelRef, folder: Path | None, mirror: Path | None, outside: Outside, field: str = FIELD
    ) -> None:
        torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))
        with fetched(reference, folder, mirror, outside, field) as found:
            self.digest = tree_digest(
                (entry.path, entry.sha256)
                for entry in (folders.file_entry(found.folder, found.folder / path) for path in kept_files(found.folder))
            )
            self._model = load_cross_encoder(found.folder, reference.uri or "", field)

    def scores(self, report: Callable[[int, int], None]) -> Scored:
        """`report` is called with how many pairs of how many are read."""
        return partial(score, self._model, report=report)
