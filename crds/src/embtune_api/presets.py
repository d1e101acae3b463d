"""Everything that is `Auto`, spelled out."""

from embtune_api.losses import FITTING, Prepared, built_as
from embtune_api.spec import Data, Training


def resolve_data(data: Data, training: Training) -> Data:
    """The data with what labelled texts become made explicit: whatever the loss learns from."""
    if data.train[0].columns.shape != "labelled texts":
        return data
    made = built_as("labelled texts", data.build.labelled_texts, training.loss.name)
    explicit = {"labelled_texts": "Batches" if made == "labelled texts" else "Pairs"}
    build = data.build.model_copy(update=explicit if data.build.labelled_texts == "Auto" else {})
    return data.model_copy(update={"build": build})


def resolve(training: Training, rows: int, shape: Prepared = "pairs") -> Training:
    """The recipe with every preset value made explicit, for `rows` prepared rows of a shape.

    Starting points by data size: small sets need more passes and smaller batches, large sets a gentler rate.
    """
    loss = training.loss
    epochs, batch_size, learning_rate = (4, 16, 2e-5) if rows < 5_000 else (3, 32, 2e-5) if rows <= 50_000 else (2, 64, 1e-5)
    epochs = training.epochs or epochs
    batch_size = training.batch_size or batch_size
    steps = epochs * steps_per_epoch(rows, batch_size)
    explicit = {
        "loss": loss if loss.name != "Auto" else loss.model_copy(update={"name": FITTING[shape]}),
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": training.learning_rate or learning_rate,
        "checkpoint_steps": training.checkpoint_steps or max(1, -(-steps // 8)),
    }
    return training.model_copy(update=explicit)


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Global batches an epoch: sizes differ by at most one, so there is no ragged tail."""
    return max(1, -(-rows // batch_size))
