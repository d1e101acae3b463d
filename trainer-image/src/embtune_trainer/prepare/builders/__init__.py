"""Builders: from the rows of a source to what a loss learns from.

What belongs here: pairs, triplets and negatives that are made of several rows. What does not: the split and the exam, which
are made of rows as they are, so that no text gets on two sides. Every choice is keyed by a hash of (seed, row, operation):
the order of the source decides nothing.

    labelled texts → pairs, triplets, or themselves        pairs → pairs with negatives of the same category
"""

from embtune_trainer.prepare.builders.build import Built, build

__all__ = ["Built", "build"]
