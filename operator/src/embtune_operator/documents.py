"""The YAML documents of a file, as plain values with the line of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from embtune_api.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

_DEEPEST = 50
_YES = re.compile(r"y|yes|on", re.IGNORECASE)
_NO = re.compile(r"n|no|off", re.IGNORECASE)
_TIME = "tag:yaml.org,2002:timestamp"
_OCTAL = re.compile(r"[-+]?0[0-7]+")

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    value: Any
    lines: dict[Location, int]
    """Location → line, counted from 1; for a mapping's field the line of its name."""


def parse_documents(path: Path, *, as_kubectl: bool = False) -> list[Document]:
    """Every document that is not empty.

    Args:
        as_kubectl: kubectl reads YAML 1.1, where a bare `yes` is true and 010 is 8; else it is YAML 1.2.

    Raises:
        InvalidInput: the file cannot be read, or is no YAML.
    """
    yaml = YAML(typ="safe", pure=True)
    try:
        nodes = list(yaml.compose_all(path.read_text(encoding="utf-8-sig")))
        return [_Reader(yaml, path, as_kubectl).document(node) for node in nodes if node is not None]
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise InvalidInput(f"{path} is a folder: give the file of a FineTuneJob") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InvalidInput(f"{place}: broken YAML: {error.problem or error.context}; check the indentation and quotes") from None
    except YAMLError as error:
        raise InvalidInput(f"{path}: broken YAML: {' '.join(str(error).split())}") from None


class _Reader:
    def __init__(self, yaml: YAML, path: Path, as_kubectl: bool) -> None:
        self._yaml = yaml
        self._path = path
        self._as_kubectl = as_kubectl

    def document(self, node: Node) -> Document:
        lines: dict[Location, int] = {(): node.start_mark.line + 1}
        return Document(self._value(node, (), lines), lines)

    def _value(self, node: Node, place: Location, lines: dict[Location, int]) -> Any:
        line = node.start_mark.line + 1
        lines.setdefault(place, line)
        if len(place) > _DEEPEST:
            raise InvalidInput(f"{self._path}:{line}: broken YAML: nested more than {_DEEPEST} deep")
        if isinstance(node, SequenceNode):
            return [self._value(item, (*place, index), lines) for index, item in enumerate(node.value)]
        if isinstance(node, MappingNode):
            return self._mapping(node, place, lines)
        assert isinstance(node, ScalarNode)
        return self._scalar(node)

    def _mapping(self, node: MappingNode, place: Location, lines: dict[Location, int]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in fields:
                raise InvalidInput(f"{self._path}:{line}: broken YAML: {name} is given twice; keep one of them")
            lines[(*place, name)] = line
            fields[name] = self._value(value, (*place, name), lines)
        return fields

    def _scalar(self, node: ScalarNode) -> Any:
        """What JSON can say; a date or a time stays the text that it is, as for kubectl."""
        bare = self._as_kubectl and node.style is None
        if bare and (_YES.fullmatch(node.value) or _NO.fullmatch(node.value)):
            return bool(_YES.fullmatch(node.value))
        if bare and _OCTAL.fullmatch(node.value):
            return int(node.value, 8)
        if node.tag == _TIME:  # 2026-02-30 looks like one, too
            return str(node.value)
        value = self._yaml.constructor.construct_object(node)
        return value if value is None or isinstance(value, bool | int | float | str) else str(value)
