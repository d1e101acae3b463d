"""What commands ask of a cluster on a person's behalf, with that person's own rights: submit, watch, wish, logs, doctor.

Nothing here decides anything about a job; the operator does.
"""
