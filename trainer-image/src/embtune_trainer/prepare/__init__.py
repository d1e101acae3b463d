"""The step `prepare`: from sources and a base model to rows that can be trained on, and the line's frozen exam.

What belongs here: reading and checking data, the split, the exam, leakage, fingerprints, resolving the base model. What
does not: anything that needs torch, but for mining, which imports it once the data is good; bad data is found before a GPU
is asked for.

    sources → rows → split → checks → exam → leakage → builders → base model → mining → ledger, exam frozen → outputs,
    manifest last
"""

from embtune_trainer.prepare.prepare import run_prepare

__all__ = ["run_prepare"]
