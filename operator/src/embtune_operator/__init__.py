"""The operator and the `embtune` command: plan → observe → decide → apply, the gate, the release.

What belongs here: everything that decides. What does not: anything that computes on data or models; that is the
trainer's, in step pods. This package never imports torch.
"""
