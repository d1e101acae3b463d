"""ModelVersions: the resources that show published versions, and that register models from outside.

What belongs here: a ModelVersion's status from the store, its requests, its deletion, its registration. What does not:
what a release is (`registry`), or how a step is launched (`cluster`).
"""
