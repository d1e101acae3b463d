"""Which of a model's prompts stands before which text: what it is trained on must be what it is asked later."""

from collections.abc import Mapping, Sequence

# The names that encode_query and encode_document of sentence-transformers 6.2 look for, in their order.
QUERY_PROMPTS = ("query",)
DOCUMENT_PROMPTS = ("document", "passage", "corpus")
NO_SIDE = ()


def prompt_for(names: Sequence[str], prompts: Mapping[str, str | None], default: str | None) -> str:
    """The prompt by the first of these names, else the one that the model takes for any text; empty: there is none."""
    name = next((name for name in names if name in prompts), default)
    return (prompts.get(name) if name else None) or ""
