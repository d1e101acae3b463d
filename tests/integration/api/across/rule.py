"""The documents that tables change, and where.

A rule's case: a good document, where it is changed, to what, and what the API server says of it; None: it is accepted.
"""

from typing import Any

from integration.api.examples import FULL
from integration.api.fields import Path
from integration.api.recipes import RECIPE

Rules = dict[str, tuple[Any, Path, Any, str | None]]
"""By a sentence that tells what is changed."""

JOB, VERSION, LINE = FULL["FineTuneJob"][0], FULL["ModelVersion"][0], FULL["EmbeddingModel"][0]
RERANKED, CLASSIFIED, SIMILAR, NEARER, BEIR = FULL["FineTuneJob"][4:9]
TRIPLETS, SCORED, LABELLED = FULL["FineTuneJob"][-3:]
SOURCE = RECIPE["data"]["train"][0]

COLUMNS: Path = ("spec", "data", "train", 0, "columns")
BUILD: Path = ("spec", "data", "build")
AUGMENT: Path = ("spec", "data", "augment")
SPLIT: Path = ("spec", "data", "split")
LOSS: Path = ("spec", "training", "loss")
SUITE: Path = ("spec", "evaluation", "suites", 1)
SLICE: Path = ("spec", "evaluation", "slices", 0)
GATE: Path = ("spec", "promotion", "gates", 0)
