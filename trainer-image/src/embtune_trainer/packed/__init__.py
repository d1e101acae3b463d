"""The packed forward: texts of any length in one stream of tokens, next to no padding computed.

What belongs here: from token ids to sentence embeddings, differentiable, equal to the encoder's own padded forward. What does
not: who uses it (the training loop, the evaluation). `choose_forward` checks it against the padded one before it is used.
"""

from embtune_trainer.packed.choose import OTHER_VERSION, Chosen, choose_forward
from embtune_trainer.packed.forward import Forward
from embtune_trainer.packed.packed import Packed
from embtune_trainer.packed.padded import Padded

__all__ = ["OTHER_VERSION", "Chosen", "Forward", "Packed", "Padded", "choose_forward"]
