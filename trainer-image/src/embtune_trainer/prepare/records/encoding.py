"""The encoding of a file: its byte order mark says it, or all of it is UTF-8, or its letters give it away."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from embtune_trainer.prepare.records.content import Content
from embtune_trainer.prepare.records.guess import guess_codec

UNREADABLE = "\udcff"
"""Stands in the text for bytes that are not of the encoding: half a surrogate pair, which no decoder makes of good ones."""


@dataclass(frozen=True)
class Encoding:
    codec: str
    name: str
    """For people."""
    marked: bool = False
    """A byte order mark says so."""


UTF_8 = Encoding("utf-8-sig", "UTF-8")
_MARKS = {
    codecs.BOM_UTF32_LE: Encoding("utf-32", "UTF-32", marked=True),  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: Encoding("utf-32", "UTF-32", marked=True),
    codecs.BOM_UTF16_LE: Encoding("utf-16", "UTF-16", marked=True),
    codecs.BOM_UTF16_BE: Encoding("utf-16", "UTF-16", marked=True),
    codecs.BOM_UTF8: UTF_8,
}

codecs.register_error("embtune.unreadable", lambda error: (UNREADABLE, getattr(error, "end", 0)))


def encoding_of(content: Content) -> Encoding:
    """What the content is written in; UTF-8 where that cannot be told, so that reading it finds the first bad byte."""
    first = next(content.chunks(), b"")
    marked = next((encoding for mark, encoding in _MARKS.items() if first.startswith(mark)), None)
    if marked is not None:
        return marked
    codec = None if _is_utf_8(content) else guess_codec(content)
    return Encoding(codec, codec) if codec else UTF_8


def decoded(content: Content, encoding: Encoding) -> Iterator[str]:
    """The text, in pieces, with `UNREADABLE` where it cannot be read."""
    decoder = codecs.getincrementaldecoder(encoding.codec)("embtune.unreadable")
    yield from (decoder.decode(chunk) for chunk in content.chunks())
    yield decoder.decode(b"", final=True)


def _is_utf_8(content: Content) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in content.chunks():
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
