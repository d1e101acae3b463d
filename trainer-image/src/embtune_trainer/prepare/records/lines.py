"""A file's text, line by line, whatever its line breaks; what cannot be read is refused with its line."""

from collections.abc import Iterator

from embtune_trainer.prepare.records.content import Content
from embtune_trainer.prepare.records.encoding import UNREADABLE, Encoding, decoded
from embtune_trainer.prepare.records.record import LONGEST_RECORD, broken


def text_lines(uri: str, content: Content, encoding: Encoding) -> Iterator[str]:
    """Lines, each ending in `\\n`, without the blank ones at the file's end.

    Raises:
        InvalidInput: at a line with a NUL or with bytes that are not of the encoding, or one that does not end.
    """
    blank = ""
    for number, line in enumerate(_split(uri, content, encoding), start=1):
        _refuse_unreadable(uri, number, line, encoding)
        if not line or line.isspace():
            blank += f"{line}\n"
            continue
        if blank:
            yield from (f"{passed}\n" for passed in blank[:-1].split("\n"))
            blank = ""
        yield f"{line}\n"


def _split(uri: str, content: Content, encoding: Encoding) -> Iterator[str]:
    """Lines without their breaks. Where there is a `\\n` a lone `\\r` breaks none, so that lines count as elsewhere."""
    line_break = "\n" if any("\n" in text for text in decoded(content, encoding)) else "\r"
    number, rest = 1, ""
    for text in decoded(content, encoding):
        *whole, rest = (rest + text).split(line_break)
        for line in whole:
            yield line.removesuffix("\r")
        number += len(whole)
        if UNREADABLE in text:  # told before more of a line that may be long is read
            _refuse_unreadable(uri, number, rest, encoding)
        if len(rest) > LONGEST_RECORD:
            raise broken(uri, number, f"no line break in {LONGEST_RECORD} characters, which is no row of texts")
    yield rest.removesuffix("\r")


def _refuse_unreadable(uri: str, number: int, line: str, encoding: Encoding) -> None:
    if "\0" in line:
        raise broken(uri, number, "it contains a NUL byte (is the file saved as UTF-16 without a mark? save it as UTF-8)")
    if UNREADABLE in line:
        at = line.index(UNREADABLE) + 1
        raise broken(uri, number, f"character {at} of the line is not {encoding.name}; save the file as UTF-8")
