"""Hard negatives: answers of other rows that a model takes for near, and that are not known to be right.

    rows to train on → distinct answers and anchors, embedded → per anchor the nearest that are not known → rules → negatives

`miner` says who looks, `known` what is known, `search` finds the nearest, `choose` applies the rules, `cross_encoder` reads
what is left, `mine` is all of it. torch is imported once mining is asked for.
"""
