"""The step `evaluate`: candidate, base and champion on the same exam; results are cached by model and exam.

`results` scores one model, `evaluate` puts the roles beside each other.
"""

from embtune_trainer.evaluate.evaluate import run_evaluate

__all__ = ["run_evaluate"]
