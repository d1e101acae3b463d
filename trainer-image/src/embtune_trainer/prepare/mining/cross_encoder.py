"""The cross-encoder that reads candidates: fetched, and asked for scores between 0 and 1."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import CrossEncoder

from embtune_api.base_model import BaseModelRef
from embtune_api.digest import tree_digest
from embtune_api.errors import InvalidInput
from embtune_store import folders
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.prepare.base_model import fetched
from embtune_trainer.prepare.mining.choose import Scored
from embtune_trainer.prepare.model_folder import kept_files
from embtune_trainer.prepare.outside import Outside

FIELD = "data.mine.crossEncoder"
BATCH = 64
PAIRS_A_REPORT = 1024


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
            self._model = _load(found.folder, reference.uri or "", field)

    def scores(self, report: Callable[[int, int], None]) -> Scored:
        """`report` is called with how many pairs of how many are read."""

        def score(pairs: list[tuple[str, str]]) -> NDArray[np.float32]:
            """(pairs,) float32, sigmoids; longest pairs first, so that the same pairs are padded together."""
            order = sorted(range(len(pairs)), key=lambda at: (-len(pairs[at][0]) - len(pairs[at][1]), pairs[at]))
            values = np.empty(len(pairs), dtype=np.float32)
            for start in range(0, len(order), PAIRS_A_REPORT):
                places = order[start : start + PAIRS_A_REPORT]
                values[places] = self._model.predict(
                    [pairs[at] for at in places], batch_size=BATCH, activation_fn=torch.nn.Sigmoid(), show_progress_bar=False
                )
                report(start + len(places), len(pairs))
            return values

        return score


def _load(folder: Path, uri: str, field: str) -> CrossEncoder:
    if not any(folder.rglob("*.safetensors")):
        raise InvalidInput(
            f"{field}.uri: {uri} has no *.safetensors. Save it by CrossEncoder(…).save_pretrained(folder), and give that."
        )
    try:
        model: CrossEncoder = CrossEncoder(
            str(folder), local_files_only=True, model_kwargs={"use_safetensors": True, "dtype": torch.float32}
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise InvalidInput(f"{field}.uri: {uri} cannot be loaded as a cross-encoder: {error}. Give another model.") from error
    if model.num_labels != 1:
        raise InvalidInput(
            f"{field}.uri: {uri} has {model.num_labels} outputs, and a filter needs one score. Give a cross-encoder for "
            f"ranking, such as hf://cross-encoder/ms-marco-MiniLM-L6-v2."
        )
    return model
