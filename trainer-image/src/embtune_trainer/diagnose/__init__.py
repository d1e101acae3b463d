"""Whether a training would learn, and what stands in its way: experiments of a few steps on its own model, rows and loss.

    rates (which ones does it learn at?) → one batch (can it learn at all?) → the recipe as it stands (does it learn?)

What belongs here: experiments, and what was seen in them. What does not: what that means, which `embtune_operator.diagnose`
says, and the training itself (`train`). Nothing here writes to the store.
"""
