"""A good champion, and candidates that are bad, each in a way that happens."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.jobs import write_job, write_rows
from support.real_model import real_model
from support.rows import tldr_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Rows = list[dict[str, str]]
ROWS, MORE = 2_400, 4_800
"""The champion's, and those of a good candidate."""
GATES = [
    {"metric": "test/ndcg@10", "minDelta": 0.0, "against": "Base", "confidence": 0.95},
    {"metric": "test/ndcg@10", "minDelta": -0.01, "against": "Production", "confidence": 0.95},
]
"""As `embtune init` writes them: better than the base, and no worse than production by 0.01."""
RECIPE = {"epochs": 1, "learningRate": 5e-5, "maxSeqLength": 64, "precision": "bf16", "seed": 7}
WRONG_PROMPT = "Classify the sentiment of the following movie review as positive, negative or neutral, and give a reason: "


@dataclass(frozen=True)
class Candidate:
    name: str
    told: str
    """What was done to it, in words."""
    outcomes: tuple[str, ...]
    """Any of which is right."""
    because: str
    """A part of the verdict's line."""
    training: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    base: str = "model"

    def is_judged_right(self, verdict: str) -> bool:
        """`verdict`: `Rejected – 1 of 2 gates rejected: …`"""
        outcome, _, reason = verdict.partition(" – ")
        return outcome in self.outcomes and self.because in reason


NOT_GOOD_ENOUGH = ("Rejected", "Inconclusive")
CANDIDATES = (
    Candidate("good", "twice the data", ("Passed",), "2 of 2 gates passed"),
    Candidate("shuffled-labels", "labels shuffled", ("Rejected",), "over "),
    Candidate("a-tenth", "a tenth of the data", NOT_GOOD_ENOUGH, "over production v1"),
    Candidate(
        "many-epochs",
        "20 epochs on 500 rows, learning rate 2e-4",
        NOT_GOOD_ENOUGH,
        "over production v1",
        training={"epochs": 20, "learningRate": 2e-4},
    ),
    Candidate("wrong-prompt", "a prompt of another task before each query", ("Rejected",), "over ", base="prompted"),
    Candidate(
        "exam-in-train",
        "rows of the exam in the training data",
        ("Inconclusive",),
        "SawExam",
        data={"checks": {"leakage": "Ignore"}},
    ),
)


def rows_of(name: str, asked: Rows) -> Rows:
    """What the candidate is trained on; `asked`: rows of the exam."""
    rows = tldr_pairs(ROWS)
    match name:
        case "good":
            return tldr_pairs(MORE)
        case "shuffled-labels":
            answers = [row["positive"] for row in rows]
            random.Random(3).shuffle(answers)
            return [{**row, "positive": answer} for row, answer in zip(rows, answers, strict=True)]
        case "a-tenth" | "wrong-prompt":
            return rows[: ROWS // 10]
        case "many-epochs":
            return rows[:500]
        case "exam-in-train":
            return rows[:1_000] + [{**row, "group": f"elsewhere {number}"} for number, row in enumerate(asked)]
    raise ValueError(name)


def write_models(folder: Path) -> None:
    """`model`: the base. `prompted`: the same, whose folder tells encoders to begin each query as those of another task begin."""
    (folder / "model").symlink_to(real_model())
    shutil.copytree(real_model(), folder / "prompted")
    file = folder / "prompted" / "config_sentence_transformers.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**config, "prompts": {"query": WRONG_PROMPT, "document": ""}}), encoding="utf-8")


def write_champion(folder: Path) -> Path:
    write_rows(folder / "champion.jsonl", tldr_pairs(ROWS))
    return write_job(folder, "champion", ["champion.jsonl"], base={"uri": "model"}, gates=GATES[:1], training=RECIPE)


def write_candidate(folder: Path, candidate: Candidate, asked: Rows) -> Path:
    write_rows(folder / f"{candidate.name}.jsonl", rows_of(candidate.name, asked))
    return write_job(
        folder,
        candidate.name,
        [f"{candidate.name}.jsonl"],
        base={"uri": candidate.base},
        gates=GATES,
        training={**RECIPE, **candidate.training},
        data=dict(candidate.data),
    )
