"""Which part of a model learns, and how fast: `spec.training.tune`.

What belongs here: from a loaded model and the wish to parameters that learn or do not, their rates, and adapters with the way
back to plain weights. What does not: the training itself (`loop`), and vectors of documents that stay (`frozen`).
"""

from embtune_trainer.train.tune.rates import make_optimizer, set_rate
from embtune_trainer.train.tune.tune import Tuned, tune

__all__ = ["Tuned", "make_optimizer", "set_rate", "tune"]
