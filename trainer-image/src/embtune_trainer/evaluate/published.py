"""Whether documents that were to stay have stayed."""

from embtune_api.documents.files import StoredModel
from embtune_api.encoder import DOCUMENT_FOLDER, ROUTER_FILE
from embtune_api.errors import Tampered
from embtune_api.requests import EvaluateRequest


def refuse_other_documents(request: EvaluateRequest) -> None:
    """A candidate whose documents are frozen holds the base's encoder of documents, byte for byte: vectors that an index has of
    it stay valid.

    Raises:
        Tampered: it holds another.
    """
    if request.published is None or not request.published.frozen_documents:
        return
    candidate, base = (next(judged.model for judged in request.models if judged.role == role) for role in ("candidate", "base"))
    if document_files(candidate) != document_files(base):
        raise Tampered(
            f"{candidate.prefix}/{DOCUMENT_FOLDER} is not the base model's encoder of documents, which was to stay. Train again."
        )


def document_files(model: StoredModel) -> dict[str, str]:
    """sha256 of each file of the encoder of documents, by its path in that encoder's own folder."""
    two = any(file.path == ROUTER_FILE for file in model.files)
    folder = f"{DOCUMENT_FOLDER}/" if two else ""
    return {file.path.removeprefix(folder): file.sha256 for file in model.files if file.path.startswith(folder)}
