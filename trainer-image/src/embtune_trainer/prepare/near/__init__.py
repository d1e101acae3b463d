"""Near-duplicates: texts at Jaccard ≥ 0.8 of character 4-grams, every one of them, among millions.

What belongs here: sets of grams as arrays, the index of them, and the search in it. What does not: what follows from a find.

    texts → grams (batches of about one length) → order, rarest first → postings of prefixes → parities → overlap
"""

from embtune_trainer.prepare.near.grams import similar
from embtune_trainer.prepare.near.index import NearDuplicates

__all__ = ["NearDuplicates", "similar"]
