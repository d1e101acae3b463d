"""What can go wrong, as a person or a script sees it.

EmbtuneError                exit 1  something failed; trying again may help
├── InvalidInput            exit 2  the request is wrong; trying again unchanged cannot help
├── StoreError              exit 1  the object store did not do what was asked
│   ├── StoreDenied         exit 2  it refused the credentials, or there is no such bucket
│   ├── StoreFull           exit 1  no room left
│   └── NotFound            exit 1  no such object
├── Tampered                exit 1  bytes in the store are not the bytes that were published
├── Conflict                exit 1  somebody else changed the same thing first
└── Stopped                 exit 75 a step was asked to stop: it saved a checkpoint and can go on later

A message is one paragraph: what is wrong, where (file:row or field path), and what to do.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `embtune` and of the steps."""

    OK = 0
    FAILED = 1
    INVALID = 2
    NOT_PROMOTED = 3
    STOPPED = 75
    INTERRUPTED = 130


class EmbtuneError(Exception):
    exit_code = Exit.FAILED


class InvalidInput(EmbtuneError):
    exit_code = Exit.INVALID


class StoreError(EmbtuneError):
    pass


class StoreDenied(StoreError):
    exit_code = Exit.INVALID


class StoreFull(StoreError):
    pass


class NotFound(StoreError):
    pass


class Tampered(EmbtuneError):
    pass


class Conflict(EmbtuneError):
    pass


class Stopped(EmbtuneError):
    exit_code = Exit.STOPPED
