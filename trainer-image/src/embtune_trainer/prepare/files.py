"""One file of this machine, read whole; what is wrong with it is said in one paragraph."""

from pathlib import Path

from embtune_api.errors import InvalidInput


def file_content(path: Path, name: str, field: str, advice: str) -> bytes:
    """
    Args:
        name: what the user calls it.
        field: the field of the spec that asks, such as `data.train[0]`.
        advice: for a file that is not there.

    Raises:
        InvalidInput: it cannot be read.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInput(f"{field}.uri: there is no file {name}. {advice}") from None
    except IsADirectoryError:
        raise InvalidInput(f"{field}.uri: {name} is a folder. Name the files in it one by one.") from None
    except OSError as error:
        raise InvalidInput(f"{field}.uri: {name} cannot be read: {error.strerror}. Check its permissions.") from None
