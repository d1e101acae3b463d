"""The form of labels: Kubernetes' own rules."""

import re
from typing import Annotated

from pydantic import StringConstraints

LABEL_NAME = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
LABEL_NAME_FORM = "a label's name has at most 63 letters, digits, - _ or ., and may have a prefix such as example.com/"
LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", max_length=63)]


def with_label_names(labels: dict[str, str]) -> dict[str, str]:
    """The labels as they are; a ValueError for the first name that Kubernetes would refuse."""
    for name in labels:
        if len(name) > 253 or not re.fullmatch(LABEL_NAME, name):
            raise ValueError(f"{name[:80]!r} cannot name a label: {LABEL_NAME_FORM}")
    return labels
