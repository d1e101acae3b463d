"""A process that is killed right after a number of writes to its store."""

from typing import Any

WRITES = frozenset({"put", "create", "upload", "copy"})


class Killed(BaseException):
    """The process is gone."""


class DiesAfter:
    """A real store whose process is killed right after that many writes."""

    def __init__(self, store: Any, writes: int) -> None:
        self._store = store
        self._left = writes

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in WRITES:
            return method

        def dying(*args: Any) -> Any:
            result = method(*args)
            self._left -= 1
            if not self._left:
                raise Killed
            return result

        return dying
