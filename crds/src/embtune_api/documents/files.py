"""Files in the store, and what a step says last of those that it wrote."""

from __future__ import annotations

from typing import Any

from embtune_api.base import Document
from embtune_api.digest import digest_of, tree_digest
from embtune_api.status import StepName


class FileEntry(Document):
    """One file below a prefix, as it was written."""

    path: str
    """Relative to the manifest's folder, with forward slashes."""
    size: int
    """bytes"""
    sha256: str

    def below(self, folder: str) -> StoredFile:
        """The same file by its whole key, given the key of its manifest's folder."""
        return StoredFile(key=f"{folder}/{self.path}", size=self.size, sha256=self.sha256)


class StoredFile(Document):
    """One file in the store, with what its bytes must be: whoever reads it later verifies them."""

    key: str
    size: int
    """bytes"""
    sha256: str


class StepManifest(Document):
    """The last thing that a step writes: where it exists, the step is done and is never run again."""

    step: StepName
    input_digest: str
    files: list[FileEntry]
    facts: dict[str, Any] = {}
    """Small results that the next steps' plan needs; see the `…Facts` classes."""
    seconds: float
    """Wall time of the attempt that finished."""

    @property
    def digest(self) -> str:
        """Identity of the output: equal inputs and equal bytes, whenever they were made."""
        return digest_of(
            {"step": self.step, "input": self.input_digest, "files": tree_digest((f.path, f.sha256) for f in self.files)}
        )


class StoredModel(Document):
    """A sentence-transformers folder in the store: an encoder, or the cross-encoder that teaches one."""

    prefix: str
    """Key of the folder."""
    digest: str
    """`tree_digest` of its files: the identity of the weights, tokenizer and configuration."""
    files: list[FileEntry]
    """Paths are relative to `prefix`."""
    fingerprints: StoredFile | None = None
    """Fingerprints of every text that it and its ancestors were trained on; None for a model from outside."""
