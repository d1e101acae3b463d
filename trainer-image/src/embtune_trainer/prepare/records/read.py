"""One file's records: by its name, the format that reads them."""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from embtune_api.errors import InvalidInput
from embtune_trainer.prepare.records.content import Content
from embtune_trainer.prepare.records.delimited import delimited_records, fields_of
from embtune_trainer.prepare.records.encoding import Encoding, encoding_of
from embtune_trainer.prepare.records.file_name import FileType, file_type_of
from embtune_trainer.prepare.records.json_lines import json_records
from embtune_trainer.prepare.records.lines import text_lines
from embtune_trainer.prepare.records.record import Records, Remark


def read_records(uri: str, data: bytes, wanted: Collection[str] = (), header: Sequence[str] = ()) -> Records:
    """The records of a file with the bytes `data`; blank lines at its end do not count.

    Args:
        uri: its name says what it is, and errors begin with it.
        wanted: the columns that will be looked at. Others may be left out of the values, and a csv is split so that it
            has them; none: nothing is known yet.
        header: names of the columns of a csv or tsv whose first line is data.

    Raises:
        InvalidInput: a file type that is not read, an empty file, a broken header, or what cannot be decompressed.
    """
    file_type = file_type_of(uri, data)
    if file_type.format == "parquet":
        from embtune_trainer.prepare.records.parquet import parquet_records  # pyarrow takes its time

        return parquet_records(uri, data, wanted)
    encoding, lines = _lines(uri, data, file_type)
    if file_type.format == "jsonl":
        found = json_records(uri, lines)
    else:
        found = delimited_records(uri, lines, file_type.format, wanted, header)
    return Records(found.records, found.columns, [*_remarks(encoding), *found.remarks])


def first_fields(uri: str, data: bytes) -> list[str]:
    """What stands in the first line of a csv or tsv, names or data; of other files nothing. Raises InvalidInput as above."""
    file_type = file_type_of(uri, data)
    if file_type.format not in ("csv", "tsv"):
        return []
    return fields_of(uri, _lines(uri, data, file_type)[1], "csv" if file_type.format == "csv" else "tsv")


def _lines(uri: str, data: bytes, file_type: FileType) -> tuple[Encoding, Iterator[str]]:
    """At least one. Raises InvalidInput."""
    content = Content(uri, data, file_type.compression)
    content.refuse_broken()
    encoding = encoding_of(content)
    lines = text_lines(uri, content, encoding)
    first = next(lines, None)
    if first is None:
        raise InvalidInput(f"{uri}: the file is empty. Give a file with at least one row.")
    return encoding, chain([first], lines)


def _remarks(encoding: Encoding) -> list[Remark]:
    if encoding.name == "UTF-8":
        return []
    how = "as its byte order mark says" if encoding.marked else "guessed from its letters: see whether they are right"
    return [Remark("encoding", f"are not UTF-8 and were read as {encoding.name}, {how}")]
