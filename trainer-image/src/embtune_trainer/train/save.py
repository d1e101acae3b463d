"""A trained model as a folder."""

from pathlib import Path

from sentence_transformers import SentenceTransformer


def save(model: SentenceTransformer, folder: Path) -> None:
    """A sentence-transformers folder, safetensors only, as `SentenceTransformer(folder)` loads it."""
    model.save_pretrained(str(folder), create_model_card=False, safe_serialization=True)
