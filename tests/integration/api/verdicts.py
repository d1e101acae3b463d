"""The verdicts of pydantic and of the API server on one document, and how they differ."""

from typing import Any

from pydantic import ValidationError

from embtune_api.reading import read_resource
from embtune_api.resources import KINDS, AnyResource
from integration.api.recipes import Object
from integration.api.server import Server


def read(document: Object) -> AnyResource | None:
    """None: pydantic refuses it."""
    try:
        return read_resource(KINDS[document["kind"]], document, cluster=True)
    except ValidationError:
        return None


def spec_of(resource: AnyResource) -> Any:
    """With every default."""
    return resource.spec.model_dump(mode="json", by_alias=True, exclude_none=True)


def difference(server: Server, document: Object, refusal: str | None = None) -> str:
    """Empty where both say the same.

    Args:
        refusal: what the API server must say; None: it may accept the document.
    """
    resource, answer = read(document), server.would_create(document)
    if answer.accepted != (resource is not None):
        return f"only pydantic accepts it; the API server says {answer.message}" if resource else "only pydantic refuses it"
    if refusal is not None and answer.accepted:
        return "both accept it"
    if refusal is not None and refusal not in answer.message:
        return f"{refusal!r} is not in {answer.message!r}"
    if resource is not None and answer.object["spec"] != spec_of(resource):
        return f"other defaults: {answer.object['spec']} on the server, {spec_of(resource)} here"
    return ""
