"""Registration: a model that was trained elsewhere becomes a version of the line.

    prepare (staged, hashed, looked through) → evaluate (on the line's exam) → publish (the next number) → Candidate

What belongs here: which of these steps comes next for a ModelVersion that names a `uri`. The steps themselves are those of every
job; there is no training, and no gate: nothing is promoted by itself.
"""
