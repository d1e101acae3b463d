"""What the experiments of a diagnosis mean: causes in order, each with its number and the line to change."""

from __future__ import annotations

from typing import Any

import pytest

from embtune_api.diagnosis import Change, Consistency, Measured, OneBatch, RatePoint, RateSweep, ShortRun
from embtune_api.losses import LossChoice
from embtune_api.reports import Action, DataReport, Finding
from embtune_api.training import Loss, Training
from embtune_api.training_record import LayerNorms, TrainingFinding
from embtune_api.tune import TunedPart
from embtune_operator.diagnose.causes import Case, causes_of
from embtune_operator.diagnose.verdict import Diagnosis, diagnose
from embtune_operator.view.diagnosis import print_diagnosis

SOUND = Change(rows=128, before=0.50, after=0.44, edge=2.0, gained=0.3, error=0.03)
STILL = Change(rows=128, before=0.50, after=0.4999, edge=2.0, gained=0.0002, error=0.00001)
ROSE = Change(rows=128, before=0.50, after=2.77, edge=2.0, gained=-1.9, error=0.1)
BY_CHANCE = Change(rows=128, before=0.50, after=0.48, edge=2.0, gained=0.05, error=0.04)
ALIKE = Change(rows=128, before=3.10, after=2.90, edge=0.01, gained=0.02, error=0.04)
"""All vectors became alike: the loss falls, and nothing is learnt."""
SWEEP = RateSweep(
    points=[RatePoint(rate=1e-6 * 10**step, loss=0.5, gain=0.1 * step - 0.02 * step**2) for step in range(6)],
    steepest=1e-4,
    lowest=1e-3,
    diverged=5e-3,
    low=2e-6,
    high=3e-4,
    suggested=1e-4,
)
NOWHERE = RateSweep(points=[], steepest=None, lowest=None, diverged=None, low=None, high=None, suggested=None)
ONE = OneBatch(rows=16, steps=20, rate=1e-4, start=0.6, reached=0.03, floor=0.0, floor_if_distinct=0.0)


def run(**changes: Any) -> ShortRun:
    layers = [LayerNorms(step=step, norms={"embeddings": 0.5, "layer 0": 0.2}) for step in (1, 40)]
    sound: dict[str, Any] = {
        "steps": 40,
        "trained": SOUND,
        "unseen": SOUND,
        "all_alike": 2.77,
        "curve": [],
        "layers": layers,
        "findings": [],
    }
    return ShortRun(**{**sound, "broke": None, **changes})


def measured(**changes: Any) -> Measured:
    sound: dict[str, Any] = {
        "rows": 1000,
        "taken": 768,
        "batch_size": 16,
        "total_steps": 252,
        "tuned": TunedPart(parameters=100, trainable=100, share=1.0),
        "unit_length": True,
        "consistency": Consistency(texts=16, shortest=1.0, longest=1.0, apart=0.0, half=0.9999, least_alike=0.1),
        "faults": [],
        "sweep": SWEEP,
        "one_batch": ONE,
        "run": run(),
        "seconds": 60.0,
    }
    return Measured(**{**sound, **changes})


def told(seen: Measured, rate: float = 2e-5, loss: LossChoice = "MultipleNegativesRanking") -> Diagnosis:
    return diagnose(seen, Training(learning_rate=rate, batch_size=16, epochs=4, loss=Loss(name=loss)), None)


def one(**changes: Any) -> OneBatch:
    return ONE.model_copy(update=changes)


DEAD = TrainingFinding(check="gradient/dead", message="the gradient of layer 0 was zero at each of 9 steps looked at")


def test_a_sound_training_is_healthy() -> None:
    sound = told(measured())
    assert sound.healthy
    assert sound.causes == []
    assert "fell by 12.0%" in sound.verdict


@pytest.mark.parametrize(
    ("seen", "rate", "first", "number", "change"),
    [
        pytest.param(measured(run=run(unseen=ROSE)), 0.1, "learning rate too high", "5.0e-03", "learningRate: 1e-04", id="high"),
        pytest.param(
            measured(run=run(unseen=ROSE, broke="at step 7 of 40 the loss was nan and the gradient's norm nan")),
            0.1,
            "learning rate too high",
            "at step 7 of 40 the loss was nan",
            "learningRate: 1e-04",
            id="a rate at which the loss is no number",
        ),
        pytest.param(
            measured(run=run(unseen=STILL, trained=STILL)),
            1e-9,
            "learning rate too low",
            "2.0e-06",
            "learningRate: 1e-04",
            id="low",
        ),
        pytest.param(
            measured(run=run(unseen=ROSE)),
            2e-5,
            "rows that do not belong together",
            "fell by 12.0%",
            "columns",
            id="shuffled pairs",
        ),
        pytest.param(
            measured(one_batch=one(start=0.25, floor=0.25, reached=0.25), run=run(unseen=STILL, trained=STILL)),
            2e-5,
            "contradictions",
            "0.250",
            "conflicts: Fix",
            id="the same pair is asked to be near and far",
        ),
        pytest.param(
            measured(
                tuned=TunedPart(parameters=10_000, trainable=10, share=0.001),
                one_batch=one(reached=0.59),
                run=run(unseen=STILL, trained=STILL),
                sweep=NOWHERE,
            ),
            2e-5,
            "one batch",
            "2% of the way",
            "0.10% of the weights learn",
            id="nearly everything is frozen",
        ),
        pytest.param(
            measured(
                one_batch=one(reached=0.6),
                sweep=NOWHERE,
                run=run(unseen=STILL, trained=STILL, findings=[DEAD]),
            ),
            2e-5,
            "one batch",
            "0% of the way",
            "gradients are zero",
            id="no gradient reaches the layers",
        ),
        pytest.param(
            measured(
                one_batch=one(start=0.002, reached=0.001),
                run=run(unseen=Change(rows=128, before=0.003, after=0.003, edge=9.0, gained=0.0, error=0.0), trained=STILL),
            ),
            2e-5,
            "nothing left to learn",
            "0.0030",
            "mine",
            id="the base model knows it all",
        ),
        pytest.param(
            measured(run=run(unseen=BY_CHANCE, trained=STILL), batch_size=8),
            2e-5,
            "does not fall",
            "0.48",
            "batchSize: 32",
            id="chance",
        ),
        pytest.param(
            measured(
                consistency=Consistency(texts=16, shortest=None, longest=None, apart=None, half=None, least_alike=None),
                faults=["some vectors are not finite"],
                run=run(unseen=ROSE),
            ),
            0.1,
            "model",
            "not finite",
            "baseModel",
            id="a broken base comes before all else",
        ),
    ],
)
def test_the_likeliest_cause_comes_first(seen: Measured, rate: float, first: str, number: str, change: str) -> None:
    diagnosis = told(seen, rate)
    assert not diagnosis.healthy
    cause = diagnosis.causes[0]
    assert (cause.name, cause.wrong) == (first, True)
    assert number in cause.seen
    assert change in cause.change
    assert first in diagnosis.verdict


@pytest.mark.parametrize(
    ("seen", "rate", "loss", "noted"),
    [
        pytest.param(measured(), 4e-4, "MultipleNegativesRanking", "learning rate too high", id="a rate at the edge that learns"),
        pytest.param(measured(), 1e-6, "MultipleNegativesRanking", "learning rate too low", id="a gentle rate that learns"),
        pytest.param(
            measured(
                one_batch=one(start=5, reached=3.1, floor=3, floor_if_distinct=3),
                run=run(unseen=Change(rows=128, before=4.8, after=4.2, edge=0.2, gained=0.5, error=0.1), all_alike=5.0),
            ),
            2e-5,
            "Triplet",
            "margin",
            id="margin",
        ),
        pytest.param(measured(faults=["in fp16 a vector turns"]), 2e-5, "MultipleNegativesRanking", "model", id="fp16"),
    ],
)
def test_what_does_no_harm_is_noted_alone(seen: Measured, rate: float, loss: LossChoice, noted: str) -> None:
    diagnosis = told(seen, rate, loss)
    assert diagnosis.healthy
    assert [(cause.name, cause.wrong) for cause in diagnosis.causes] == [(noted, False)]


def test_the_data_s_own_findings_come_last_the_likeliest_first() -> None:
    kept: list[tuple[str, int, Action]] = [
        ("imbalance", 300, "kept"),
        ("label-noise", 80, "kept"),
        ("duplicates", 9, "removed"),
    ]
    findings = [Finding(check=check, rows=rows, action=action, message="…") for check, rows, action in kept]
    told_of_data: dict[str, Any] = {"rows_used": 1000, "findings": findings}
    report = DataReport.model_construct(**told_of_data)
    causes = causes_of(Case(measured(run=run(unseen=ROSE)), Training(learning_rate=0.1, batch_size=16, epochs=4), report))
    assert [cause.name for cause in causes] == ["learning rate too high", "data", "data"]
    assert causes[1].seen.startswith("label-noise, 8.0% of the rows")
    assert causes[1].change == "data: {checks: {labelNoise: Fix}}"


def test_causes_are_sorted_by_whether_they_are_one() -> None:
    seen = measured(faults=["in fp16 a vector turns"], run=run(unseen=ROSE))
    causes = causes_of(Case(seen, Training(learning_rate=2e-5, batch_size=16, epochs=4)))
    assert [cause.wrong for cause in causes] == [True, False]


def test_it_is_shown_with_the_rate_s_place_and_every_cause(capsys: pytest.CaptureFixture[str]) -> None:
    print_diagnosis(told(measured(run=run(unseen=ROSE)), 0.1))
    shown = capsys.readouterr().out
    assert "its own 1.0e-01 lies above" in shown
    assert "← the job's" in shown
    assert "layer 0" in shown
    assert shown.index("Something is wrong: most likely learning rate too high") < shown.index("1. learning rate too high")
    assert "→ training: {learningRate: 1e-04}" in shown
