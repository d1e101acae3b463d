"""`embtune-trainer synthesize`: pairs of query and passage from a corpus that nobody has labelled.

What belongs here: writing queries (a model on this machine, or a server), matching queries that there are, reading pairs with a
cross-encoder, filters, and the journal by which a run that died goes on. What does not: what people say of the pairs.

    corpus → items → writer → cross-encoder → journal → filters → pairs
"""

from embtune_trainer.synthesize.synthesize import run_synthesis

__all__ = ["run_synthesis"]
