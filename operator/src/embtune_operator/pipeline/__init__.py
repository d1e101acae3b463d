"""One job, from spec to release: resolve → plan → observe → decide → apply (`reconcile` is that sentence).

What belongs here: which step comes next, and what a job's state is. `plan` and `decide` are pure; `resolve` and
`observe` only read; `apply` only writes. What does not: how a step is launched (`cluster`), what a gate means
(`judge`), how a release is swapped (`registry`).
"""
