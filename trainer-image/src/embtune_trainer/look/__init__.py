"""`embtune-trainer look`: what is in files, for people who have no job yet. Writes no store.

What belongs here: describing columns; running what `prepare` does to rows, without its outputs; asking a base model what the
validation rows ask, which alone imports torch. What the columns mean, and what to do about it, is decided by whoever asks.
"""

from embtune_trainer.look.look import run_look

__all__ = ["run_look"]
