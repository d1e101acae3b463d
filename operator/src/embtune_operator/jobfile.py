"""Jobs from files: a `FineTuneJob` for each YAML document, or every fault with its line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from embtune_api.errors import InvalidInput
from embtune_api.resources import FineTuneJob
from embtune_operator.faults import Fault, faults_of

if TYPE_CHECKING:
    from pathlib import Path

_MOST_FAULTS = 10
_DEEPEST = 50

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class _Parsed:
    """One YAML document as plain values, with the line of each."""

    value: Any
    lines: dict[Location, int]
    """Location → line, counted from 1; for a mapping's field the line of its name."""


def load_job(path: Path) -> FineTuneJob:
    """The one FineTuneJob of a file.

    Raises:
        InvalidInput: the file cannot be read, holds none or several, or has faults: each with line and field path.
    """
    jobs = load_jobs(path)
    if len(jobs) != 1:
        raise InvalidInput(f"{path} holds {len(jobs)} FineTuneJobs, and one is run at a time: put each into its own file")
    return jobs[0]


def load_jobs(path: Path) -> list[FineTuneJob]:
    """Every FineTuneJob of a file with one or more documents.

    Raises:
        InvalidInput: as `load_job`.
    """
    documents = _parse(path)
    if not documents:
        raise InvalidInput(f"{path} is empty: it should hold a FineTuneJob (see examples/)")
    jobs: list[FineTuneJob] = []
    faults: list[Fault] = []
    for document in documents:
        try:
            jobs.append(_validated(document.value))
        except ValidationError as error:
            faults += faults_of(error, document.value, document.lines)
    if faults:
        raise InvalidInput(_told(path, faults))
    return jobs


def _validated(value: Any) -> FineTuneJob:
    """Strict, and by the YAML names alone, as the API server would have it."""
    return FineTuneJob.model_validate_json(json.dumps(value), strict=True, by_alias=True, by_name=False)


def _told(path: Path, faults: list[Fault]) -> str:
    shown = [f"{path}:{fault.line}: {fault.field}: {fault.message}" for fault in faults[:_MOST_FAULTS]]
    if len(faults) > _MOST_FAULTS:
        shown.append(f"… and {len(faults) - _MOST_FAULTS} more")
    return "\n".join(shown)


def _parse(path: Path) -> list[_Parsed]:
    yaml = YAML(typ="safe", pure=True)
    try:
        text = path.read_text(encoding="utf-8-sig")
        nodes = list(yaml.compose_all(text))
        return [_plain(node, yaml, path) for node in nodes if node is not None]
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


def _plain(node: Node, yaml: YAML, path: Path) -> _Parsed:
    lines: dict[Location, int] = {(): node.start_mark.line + 1}

    def walk(at: Node, place: Location) -> Any:
        lines.setdefault(place, at.start_mark.line + 1)
        if len(place) > _DEEPEST:
            raise InvalidInput(f"{path}:{at.start_mark.line + 1}: broken YAML: nested more than {_DEEPEST} deep")
        if isinstance(at, SequenceNode):
            return [walk(item, (*place, index)) for index, item in enumerate(at.value)]
        if isinstance(at, MappingNode):
            return {name: walk(value, (*place, name)) for name, value in _fields(at, place)}
        return _scalar(yaml.constructor.construct_object(at))

    def _fields(at: MappingNode, place: Location) -> list[tuple[str, Node]]:
        named: dict[str, Node] = {}
        for key, value in at.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in named:
                raise InvalidInput(f"{path}:{line}: broken YAML: {name} is given twice; keep one of them")
            named[name] = value
            lines[(*place, name)] = line
        return list(named.items())

    return _Parsed(walk(node, ()), lines)


def _scalar(value: Any) -> Any:
    """What JSON can say; a date becomes its text."""
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
