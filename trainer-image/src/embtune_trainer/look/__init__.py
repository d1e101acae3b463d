"""`embtune-trainer look`: what is in files, for people who have no job yet. Writes no store, imports no torch.

What belongs here: describing columns, and running what `prepare` does to rows without its outputs. What the columns mean is
decided by whoever asks.
"""

from embtune_trainer.look.look import run_look

__all__ = ["run_look"]
