"""What an EmbeddingModel says to the jobs of its line: whether they may promote what passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.pipeline.hold import Hold

if TYPE_CHECKING:
    from embtune_api.resources import EmbeddingModel


def hold_for(line: EmbeddingModel | None) -> Hold | None:
    """Why jobs of the line do not promote; None: they may. `line`: None where the line has no EmbeddingModel."""
    if line is None:
        return None
    release, name = line.spec.release, line.metadata.name
    if release.pin is not None:
        return Hold(f"EmbeddingModel {name} pins v{release.pin}")
    if release.policy == "Manual":
        return Hold(f"release.policy of EmbeddingModel {name} is Manual")
    return None
