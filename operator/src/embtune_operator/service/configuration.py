"""The platform's settings, from the file that the chart renders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from embtune_api.errors import InvalidInput
from embtune_operator.documents import parse_documents
from embtune_operator.faults import faults_of
from embtune_operator.kube.platform import Platform

if TYPE_CHECKING:
    from pathlib import Path


def load_platform(path: Path) -> Platform:
    """Raises InvalidInput: the file cannot be read, or has faults: each with line and field path."""
    documents = parse_documents(path)
    if len(documents) != 1:
        raise InvalidInput(f"{path} holds {len(documents)} documents: it should hold the operator's settings, and those alone")
    try:
        return Platform.model_validate_json(json.dumps(documents[0].value), by_alias=True, by_name=False)
    except ValidationError as error:
        faults = faults_of(error, Platform, documents[0])
        raise InvalidInput("\n".join(f"{path}:{fault.line}: {fault.field}: {fault.message}" for fault in faults)) from None
