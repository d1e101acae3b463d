"""Checks of the data: what is looked for, a family a file. What each is set to is `spec.data.checks`.

What belongs here: checks that look at rows alone (`check_rows`), at what was made of them (`check_built`), and at what the base
model's tokenizer makes of their texts (`tokens`). What does not: leakage, which needs the exam, and label noise, which needs
embeddings.

    rows → duplicates, conflicts → wordless, out of scope → languages → age → enough of them
"""

from embtune_trainer.prepare.checks.check import Checked, check_built, check_rows

__all__ = ["Checked", "check_built", "check_rows"]
