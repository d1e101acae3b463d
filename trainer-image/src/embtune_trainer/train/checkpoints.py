"""Checkpoints in the store: one file of weights and optimizer moments, complete once its manifest exists.

Weights that do not learn are not in it: they are the base model's. There is no other state but a few numbers
of the manifest: the order of the data and the random numbers of a step follow from (seed, step, rank).
"""

import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from embtune_api.base import Document
from embtune_api.documents.files import FileEntry
from embtune_api.keys import StepKeys
from embtune_store import documents, folders
from embtune_store.protocol import Store
from embtune_trainer.train.outcome import History

KEEP = 2
MOMENTS = ("exp_avg", "exp_avg_sq")


class CheckpointManifest(Document):
    step: int
    """Of the training: batches that it has had."""
    files: list[FileEntry]
    history: History
    best_step: int | None = None
    """Of the steps so far the one with the best score; its checkpoint is kept, too. None: nobody looked."""


class Checkpoints:
    """The checkpoints of one training."""

    def __init__(self, store: Store, keys: StepKeys) -> None:
        self._store = store
        self._keys = keys

    def save(
        self, step: int, model: nn.Module, optimizer: torch.optim.AdamW, history: History, best_step: int | None = None
    ) -> None:
        """Write the state after `step` steps, then forget all but the newest two and that of the best step."""
        prefix = self._keys.checkpoint(step)
        learning = [
            (name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad
        ]  # tied ones once
        tensors = {f"weight.{name}": parameter.detach() for name, parameter in learning}
        for name, parameter in learning:
            for moment in MOMENTS:
                if moment in optimizer.state.get(parameter, {}):
                    tensors[f"{moment}.{name}"] = optimizer.state[parameter][moment]
        with tempfile.TemporaryDirectory(prefix="embtune-checkpoint-") as folder:
            save_file({name: value.contiguous() for name, value in tensors.items()}, Path(folder) / "state.safetensors")
            files = folders.upload_folder(self._store, Path(folder), f"{prefix}/state")
        manifest = CheckpointManifest(step=step, files=files, history=history, best_step=best_step)
        documents.put(self._store, f"{prefix}/manifest.json", manifest)
        self._forget_older_than(step, best_step)

    @property
    def place(self) -> str:
        """Where they lie, in the store."""
        return self._keys.checkpoints

    def latest(self) -> CheckpointManifest | None:
        """The newest complete checkpoint; one without a manifest was interrupted and does not count."""
        for step in sorted(self._steps(), reverse=True):
            if manifest := self.of(step):
                return manifest
        return None

    def of(self, step: int) -> CheckpointManifest | None:
        """The checkpoint of that step, if it is complete."""
        return documents.read(self._store, f"{self._keys.checkpoint(step)}/manifest.json", CheckpointManifest)

    def restore(self, manifest: CheckpointManifest, model: nn.Module, optimizer: torch.optim.AdamW) -> None:
        """Load verified bytes into the model and the optimizer.

        Raises:
            Tampered: when the bytes are not those that were saved.
        """
        with tempfile.TemporaryDirectory(prefix="embtune-checkpoint-") as scratch:
            prefix = f"{self._keys.checkpoint(manifest.step)}/state"
            folder = folders.materialize(self._store, prefix, manifest.files, Path(scratch) / "checkpoint")
            tensors = load_file(folder / "state.safetensors")
        taken = manifest.step - manifest.history.skipped_steps
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue
            parameter.data.copy_(tensors[f"weight.{name}"])
            moments = {moment: tensors.get(f"{moment}.{name}") for moment in MOMENTS}
            if all(value is not None for value in moments.values()):
                optimizer.state[parameter] = {
                    "step": torch.tensor(float(taken), device=parameter.device),  # fused: beside its parameter
                    **{moment: value.to(parameter.device) for moment, value in moments.items() if value is not None},
                }

    def forget_all(self) -> None:
        self._forget_older_than(None)

    def _forget_older_than(self, newest: int | None, best: int | None = None) -> None:
        steps = sorted(self._steps(), reverse=True)
        older = steps if newest is None else [step for step in steps if step <= newest][KEEP:]
        for step in set(older) - {best}:
            prefix = self._keys.checkpoint(step)
            self._store.delete(f"{prefix}/manifest.json")  # first: a half-deleted checkpoint must not look complete
            for stored in list(self._store.list(prefix)):
                self._store.delete(stored.key)

    def _steps(self) -> set[int]:
        root = self._keys.checkpoints
        return {int(stored.key.removeprefix(f"{root}/").split("/")[0]) for stored in self._store.list(root)}
