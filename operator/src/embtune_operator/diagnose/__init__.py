"""`embtune run --diagnose`: why a training does not learn.

    prepare (the pipeline's own) → ask (the trainer's experiments) → causes (what they mean, the likeliest first) → verdict

What belongs here: decisions over what was measured, pure but for `diagnose`. What does not: experiments
(`embtune_trainer.diagnose`), and printing.
"""
