"""One file's records: by its name, the format that reads them."""

from collections.abc import Collection
from itertools import chain

from embtune_api.errors import InvalidInput
from embtune_trainer.prepare.records.content import Content
from embtune_trainer.prepare.records.delimited import delimited_records
from embtune_trainer.prepare.records.encoding import Encoding, encoding_of
from embtune_trainer.prepare.records.file_name import file_type_of
from embtune_trainer.prepare.records.json_lines import json_records
from embtune_trainer.prepare.records.lines import text_lines
from embtune_trainer.prepare.records.record import Records, Remark


def read_records(uri: str, data: bytes, wanted: Collection[str] = ()) -> Records:
    """The records of a file with the bytes `data`; blank lines at its end do not count.

    Args:
        uri: its name says what it is, and errors begin with it.
        wanted: the columns that will be looked at. Others may be left out of the values, and a csv is split so that it
            has them; none: nothing is known yet.

    Raises:
        InvalidInput: a file type that is not read, an empty file, a broken header, or what cannot be decompressed.
    """
    file_type = file_type_of(uri, data)
    if file_type.format == "parquet":
        from embtune_trainer.prepare.records.parquet import parquet_records  # pyarrow takes its time

        return parquet_records(uri, data, wanted)
    content = Content(uri, data, file_type.compression)
    content.refuse_broken()
    encoding = encoding_of(content)
    lines = text_lines(uri, content, encoding)
    first = next(lines, None)
    if first is None:
        raise InvalidInput(f"{uri}: the file is empty. Give a file with at least one row.")
    lines = chain([first], lines)
    found = json_records(uri, lines) if file_type.format == "jsonl" else delimited_records(uri, lines, file_type.format, wanted)
    return Records(found.records, found.columns, [*_remarks(encoding), *found.remarks])


def _remarks(encoding: Encoding) -> list[Remark]:
    if encoding.name == "UTF-8":
        return []
    how = "as its byte order mark says" if encoding.marked else "guessed from its letters: see whether they are right"
    return [Remark("encoding", f"are not UTF-8 and were read as {encoding.name}, {how}")]
