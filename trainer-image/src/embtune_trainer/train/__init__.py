"""The step `train`: torchrun starts the workers, each runs the loop; it is never given the exam.

`launch` starts torchrun, `worker` reads as the tutorial (model → data → train → save), `loop` is the
training itself, `gradient` what it does with one batch.
"""

from embtune_trainer.train.launch import run_train

__all__ = ["run_train"]
