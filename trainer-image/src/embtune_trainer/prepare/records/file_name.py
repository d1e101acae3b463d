"""What a file is, by its name; and what to do with one that is not read."""

from dataclasses import dataclass
from typing import Literal

from embtune_api.errors import InvalidInput

Format = Literal["jsonl", "csv", "tsv", "parquet"]
Compression = Literal["gzip", "zstd"]

_FORMATS: dict[str, Format] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet"}
_COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}
_READ = "Give .jsonl, .csv or .tsv, any of them also as .gz or .zst, or .parquet"
_ADVICE = {
    ".json": "Write one object a line and name it .jsonl (jq -c '.[]' does it)",
    ".xlsx": "Save the sheet as CSV UTF-8",
    ".xls": "Save the sheet as CSV UTF-8",
    ".zip": "Unpack it",
}
# How files begin that lie under a name of text, and what they should be called.
_BEGINNINGS = {
    b"\x1f\x8b": ("gzip data", "add .gz to its name"),
    b"\x28\xb5\x2f\xfd": ("Zstandard data", "add .zst to its name"),
    b"PAR1": ("parquet", "end its name with .parquet"),
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "unpack it, or save the sheet as CSV UTF-8"),
}


@dataclass(frozen=True)
class FileType:
    format: Format
    compression: Compression | None


def file_type_of(uri: str, data: bytes) -> FileType:
    """What the name of `uri` says that `data` is.

    Raises:
        InvalidInput: it says nothing that is read, or `data` begins like something else.
    """
    name = uri.lower()
    compression = next((kind for suffix, kind in _COMPRESSIONS.items() if name.endswith(suffix)), None)
    bare = name.rpartition(".")[0] if compression else name
    found = next((kind for suffix, kind in _FORMATS.items() if bare.endswith(suffix)), None)
    if found is None:
        advice = next((advice for suffix, advice in _ADVICE.items() if bare.endswith(suffix)), _READ)
        raise InvalidInput(f"{uri}: not a file type that can be read. {advice}.")
    if found == "parquet" and compression:
        raise InvalidInput(f"{uri}: parquet is compressed inside, and not read from {compression} data. Unpack it once.")
    if compression is None and found != "parquet":
        _refuse_other_beginnings(uri, data)
    return FileType(found, compression)


def _refuse_other_beginnings(uri: str, data: bytes) -> None:
    for beginning, (kind, remedy) in _BEGINNINGS.items():
        if data.startswith(beginning):
            raise InvalidInput(f"{uri}: the file is {kind}, which its name does not say. To have it read, {remedy}.")
