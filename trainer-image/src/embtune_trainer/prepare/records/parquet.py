"""Records of a parquet file: texts, numbers and truth values of the columns that are looked at."""

from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from embtune_api.errors import InvalidInput
from embtune_trainer.prepare.records.content import refuse_bomb
from embtune_trainer.prepare.records.record import Record, Records, broken, refuse_repeated

_BATCH = 256
"""rows; so few that a dictionary of long texts, each of them spelled out, still fits into memory"""
_UNREADABLE = (pa.ArrowException, OSError, ValueError, MemoryError)

Batch = tuple[int, dict[str, pa.Array]]
"""Row number of its first row, and its columns."""


def parquet_records(uri: str, data: bytes, wanted: Collection[str]) -> Records:
    """Rows of the `wanted` columns; of all columns when none are.

    Raises:
        InvalidInput: not parquet, without rows, a column name that occurs twice, or a file that holds the same few texts
            over and over.
    """
    file = _opened(uri, data)
    names = file.schema_arrow.names
    refuse_repeated(f"{uri}: the schema", names)
    if not file.metadata.num_rows:
        raise InvalidInput(f"{uri}: the file is empty. Give a file with at least one row.")
    columns = [name for name in names if name in wanted] if wanted else names
    _refuse_bomb(uri, file, columns, len(data))
    return Records(_records(uri, file, columns), set(names), [])


def _opened(uri: str, data: bytes) -> parquet.ParquetFile:
    try:
        return parquet.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
    except _UNREADABLE as error:
        raise InvalidInput(
            f"{uri}: not parquet that can be read ({_first_line(error)}). Write the file again, or upload it again."
        ) from None


def _refuse_bomb(uri: str, file: parquet.ParquetFile, columns: list[str], taken: int) -> None:
    given = 0
    for _, arrays in _batches(uri, file, columns):
        given += sum(array.nbytes for array in arrays.values())
        refuse_bomb(uri, given, taken)


def _records(uri: str, file: parquet.ParquetFile, columns: list[str]) -> Iterator[Record]:
    for start, arrays in _batches(uri, file, columns):
        values = [_values(uri, start, name, array) for name, array in arrays.items()]
        for number, row in enumerate(zip(*values, strict=True), start=start):
            yield Record(number, dict(zip(arrays, row, strict=True)))


def _batches(uri: str, file: parquet.ParquetFile, columns: list[str]) -> Iterator[Batch]:
    row = 1
    batches = file.iter_batches(_BATCH, columns=columns, use_threads=False)
    while True:
        try:
            batch = next(batches)
            arrays = {name: _spelled_out(batch.column(name)) for name in columns}
        except StopIteration:
            return
        except _UNREADABLE as error:
            raise broken(uri, row, f"the parquet data from here on cannot be read ({_first_line(error)})") from None
        yield row, arrays
        row += batch.num_rows


def _spelled_out(array: pa.Array) -> pa.Array:
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _values(uri: str, start: int, name: str, array: pa.Array) -> list[Any]:
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _texts(uri, start, name, array)
    if pa.types.is_floating(kind):  # a missing number is NaN where pandas wrote the file
        return [None if value != value else value for value in array.to_pylist()]
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return list(array.to_pylist())
    return [kind if valid else None for valid in array.is_valid().to_pylist()]


def _texts(uri: str, start: int, name: str, array: pa.Array) -> list[str | None]:
    try:
        return list(array.to_pylist())
    except UnicodeDecodeError:
        row = next(number for number, text in enumerate(array, start=start) if not _is_utf_8(text))
        raise broken(uri, row, f"{name!r} is not UTF-8") from None


def _is_utf_8(text: pa.Scalar) -> bool:
    try:
        text.as_py()
    except UnicodeDecodeError:
        return False
    return True


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
