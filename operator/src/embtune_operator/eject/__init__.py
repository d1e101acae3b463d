"""Eject: a version as a plain sentence-transformers script, with its rows and its exam, for whoever goes on without embtune.

What belongs here: what a recipe is called there, the script's template, and the folder. What does not: finding the evidence
(`report`).
"""
