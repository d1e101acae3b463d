"""Trainings that went wrong are told so, with causes; sound ones are left alone."""

from embtune_api.training import Training
from embtune_api.training_record import LayerNorms, LossPoint, ValidationPoint
from embtune_trainer.train.health import findings_of
from embtune_trainer.train.outcome import Outcome

RECIPE = Training(learning_rate=2e-5, batch_size=32, epochs=1)


def outcome(
    losses: list[float],
    norms: list[float] | None = None,
    looks: list[float] | None = None,
    layers: list[dict[str, float]] | None = None,
) -> Outcome:
    found = Outcome()
    norms = norms or [1.0] * len(losses)
    found.curve = [
        LossPoint(step=step, loss=loss, learning_rate=1e-5, grad_norm=norm)
        for step, (loss, norm) in enumerate(zip(losses, norms, strict=True), start=1)
    ]
    every = len(losses) // len(looks) if looks else 1
    found.validated = [ValidationPoint(step=n * every, loss=loss, score=0.5) for n, loss in enumerate(looks or [], start=1)]
    found.layers = [LayerNorms(step=step, norms=norms) for step, norms in enumerate(layers or [], start=1)]
    return found


FALLING = [2.0 - 0.09 * step for step in range(20)]


def checks(found: Outcome) -> dict[str, str]:
    return {finding.check: finding.message for finding in findings_of(found, RECIPE)}


def test_a_sound_training_has_no_findings() -> None:
    sound = outcome(FALLING, looks=[1.9, 1.6, 1.4, 1.3, 1.29], layers=[{"layer 0": 0.1, "layer 1": 0.2}] * 3)
    assert checks(sound) == {}
    assert checks(outcome([1.0])) == {}, "of a few steps nothing is said"


def test_overfit_is_told_with_its_gap_and_its_slope() -> None:
    message = checks(outcome(FALLING, looks=[1.5, 1.2, 1.3, 1.5, 1.8]))["overfit"]
    assert "rose from 1.200 at step 8 to 1.800 at step 20" in message
    assert "slope +6.250 in 100 steps" in message
    assert "training.earlyStopping" in message


def test_a_validation_loss_that_rises_with_the_training_loss_is_another_fault() -> None:
    rising = [0.5 + 0.1 * step for step in range(20)]
    found = checks(outcome(rising, looks=[1.0, 1.2, 1.4, 1.6, 1.8]))
    assert "overfit" not in found
    assert "too high (2e-05" in found["loss"]


def test_a_loss_that_stands_still_names_causes_in_order() -> None:
    message = checks(outcome([1.0] * 20))["loss"]
    assert message.index("nothing is left to learn") < message.index("too low") < message.index("too small for the loss (32)")


def test_an_exploding_gradient_names_its_step_and_its_layer() -> None:
    layers = [{"layer 0": 0.1, "layer 1": 0.2}, {"layer 0": 90.0, "layer 1": 3.0}]
    norms = [1.0] * 20
    norms[1] = 95.0
    message = checks(outcome(FALLING, norms, layers=layers))["gradient/exploding"]
    assert "95 at step 2, usually 1, most of it in layer 0" in message


def test_a_dead_layer_is_named_unless_it_ever_lived() -> None:
    layers = [{"embeddings": 0.0, "layer 0": 0.0, "layer 1": 0.2}, {"embeddings": 0.1, "layer 0": 0.0, "layer 1": 0.2}]
    message = checks(outcome(FALLING, layers=layers))["gradient/dead"]
    assert message.startswith("the gradient of layer 0 was zero")
