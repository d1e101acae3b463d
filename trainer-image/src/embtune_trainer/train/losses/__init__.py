"""Losses: functions of embeddings and of what is known about them, mathematically those of sentence-transformers.

What belongs here: tensors in, one number out; no rows, no models. tests/integration/trainer/test_parity.py holds each against the
loss of sentence-transformers that has its name.
"""
