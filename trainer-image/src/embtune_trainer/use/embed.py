"""Runs a model over a file: a parquet file of vectors, stamped with who made it of what.

It is made in parts, each written whole or not at all, so a run that was killed goes on where it stopped. The file itself
appears at the end, whole; then its parts are gone. A file or a part with another stamp is never overwritten.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embtune_api.digest import sha256_hex
from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_api.model_use import Embedded, EmbedProgress, EmbedRequest
from embtune_store import open_store
from embtune_trainer.encoder_settings import prompt_of
from embtune_trainer.evaluate.encoding import encode
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prompts import DOCUMENT_PROMPTS, QUERY_PROMPTS
from embtune_trainer.use.loading import Loaded, loaded
from embtune_trainer.use.texts import FileTexts, read_texts

PART = 2048
"""Texts in a part: 3 MB at 384 dimensions, and what a killed run loses at most."""
STAMP = b"embtune"
"""Name of the file's metadata."""


def run_embed(request: EmbedRequest, scratch: Path, mirror: Path | None, tell: Callable[[EmbedProgress], None]) -> Embedded:
    """
    Args:
        scratch: an empty folder.
        tell: is told after each part.

    Raises:
        InvalidInput: the model or the file cannot be had; or what is at `out`, or in its parts, has another stamp.
        EmbtuneError: a vector is not finite.
    """
    folder = Path(request.folder)
    texts = read_texts(request.texts, folder, Outside(open_store(str(scratch)), mirror=mirror), "FILE")
    out = folder / request.out
    parts = out.with_name(f"{out.name}.parts")
    with loaded(request.model, folder, mirror) as found:
        stamp = _stamp(request, texts, found)
        dimension = int(stamp["dimension"])
        if out.exists():
            _refuse_other(out, stamp)
            kept = len(texts.texts)
        else:
            kept = _write_parts(parts, texts, found, request, stamp, tell)
            _join(parts, out, len(texts.texts), stamp)
    shutil.rmtree(parts, ignore_errors=True)
    return Embedded(rows=len(texts.texts), blank=texts.blank, kept=kept, dimension=dimension, digest=found.digest)


def _stamp(request: EmbedRequest, texts: FileTexts, found: Loaded) -> dict[str, Any]:
    """Equal stamps, equal vectors."""
    names = QUERY_PROMPTS if request.side == "query" else DOCUMENT_PROMPTS
    return {
        "model": request.model.name,
        "digest": found.digest,
        "side": request.side,
        "prompt": prompt_of(found.encoder, names),
        "dimension": found.encoder.get_embedding_dimension() or 0,
        "file": Path(request.texts.uri).name,
        "sha256": sha256_hex(texts.content),
        "column": texts.column,
    }


def _write_parts(
    parts: Path,
    texts: FileTexts,
    found: Loaded,
    request: EmbedRequest,
    stamp: dict[str, Any],
    tell: Callable[[EmbedProgress], None],
) -> int:
    """Every part that is not there; returns how many rows were there."""
    parts.mkdir(parents=True, exist_ok=True)
    total, kept = len(texts.texts), 0
    for start in range(0, total, PART):
        file, some = _part(parts, start), slice(start, start + PART)
        if file.exists():
            _refuse_other(file, stamp)
            kept += len(texts.texts[some])
            continue
        vectors = _encoded(texts.texts[some], found, request)
        table = pa.table([texts.lines[some], texts.texts[some], _column(vectors)], schema=_schema(stamp))
        unfinished = file.with_suffix(".unfinished")
        pq.write_table(table, unfinished)
        unfinished.replace(file)
        tell(EmbedProgress(done=min(start + PART, total), total=total))
    return kept


def _encoded(texts: list[str], found: Loaded, request: EmbedRequest) -> NDArray[np.float32]:
    """(texts, dim) float32; equal texts are encoded once."""
    distinct = list(dict.fromkeys(texts))
    vectors = encode(found.encoder, distinct, request.side, lambda _: None)
    if not np.isfinite(vectors).all():
        first = distinct[int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])]
        raise EmbtuneError(
            f"{request.model.name} gives {first[:100]!r} a vector that is not finite: its weights are broken. Use another."
        )
    place = {text: number for number, text in enumerate(distinct)}
    return vectors[[place[text] for text in texts]]


def _join(parts: Path, out: Path, rows: int, stamp: dict[str, Any]) -> None:
    """One file of all parts, a row group each."""
    unfinished = parts / "whole.unfinished"
    with pq.ParquetWriter(unfinished, _schema(stamp)) as writer:
        for start in range(0, rows, PART):
            writer.write_table(pq.read_table(_part(parts, start)))
    unfinished.replace(out)


def _refuse_other(file: Path, stamp: dict[str, Any]) -> None:
    try:
        there = json.loads((pq.read_schema(file).metadata or {}).get(STAMP, b"{}"))
    except (pa.ArrowInvalid, ValueError):
        there = {}
    other = [name for name in stamp if there.get(name) != stamp[name]]
    if other:
        raise InvalidInput(
            f"--out: {file} is there, and is of another run: its {' and '.join(other)} differ. It is not overwritten: delete "
            f"it, or name another file."
        )


def _schema(stamp: dict[str, Any]) -> Any:
    vector = pa.list_(pa.float32(), stamp["dimension"])
    fields = [("row", pa.int64()), ("text", pa.string()), ("vector", vector)]
    return pa.schema(fields, metadata={STAMP: json.dumps(stamp, sort_keys=True).encode()})


def _column(vectors: NDArray[np.float32]) -> Any:
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])


def _part(parts: Path, start: int) -> Path:
    return parts / f"{start:012}.parquet"
