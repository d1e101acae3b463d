"""Models of the Hugging Face hub, and files of its data sets."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_trainer.prepare.model_folder import DROPPED_FOLDERS, KEPT


class HubAway(EmbtuneError):
    """It cannot be reached, or has too much to do: another time it may answer."""


@dataclass(frozen=True)
class HubModel:
    """A model's folder on this machine."""

    folder: Path
    revision: str | None
    """The commit that it is, where that is known."""


@dataclass(frozen=True)
class HubFile:
    """A file of a data set."""

    content: bytes
    revision: str | None
    """The commit that it is of, where that is known."""


_DATA_URI = re.compile(
    r"hf://datasets/(?P<name>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>[\w.-]+))?/(?P<path>(?!(?:.*/)?\.\.?(?:/|$)).+)"
)


def download_model(name: str, revision: str | None, token: str | None = None, field: str = "baseModel") -> HubModel:
    """The model `org/name`, through the hub's own cache; `token`: None lets its client look for one; `field` of the spec
    names it.

    Raises:
        InvalidInput: it cannot be had; says why, and what can be done.
        HubAway: not now.
    """
    from huggingface_hub import snapshot_download

    uri = f"hf://{name}@{revision}" if revision else f"hf://{name}"
    with _explained("model", revision, lambda why: _told(field, uri, why)):
        folder = snapshot_download(
            name,
            revision=revision,
            allow_patterns=list(KEPT),
            ignore_patterns=[f"{folder}/*" for folder in DROPPED_FOLDERS],
            token=token,
        )
    path = Path(folder)
    return HubModel(path, path.name)


def read_data_file(uri: str, token: str | None, mirror: Path | None, field: str) -> HubFile:
    """One file of a data set: `hf://datasets/org/name[@revision]/path`.

    Args:
        mirror: a folder that is looked up before the hub.
        field: the field of the spec that asks, such as `data.train[0]`.

    Raises:
        InvalidInput: it cannot be had; says why, and what can be done.
        HubAway: not now.
    """
    match = _DATA_URI.fullmatch(uri)
    if match is None:
        raise InvalidInput(
            f"{field}.uri: {uri} is no file of a data set. Spell it hf://datasets/org/name/file or "
            f"hf://datasets/org/name@revision/file."
        )
    name, revision, path = match["name"], match["revision"], match["path"]
    in_folder = f"datasets/{name}@{revision}" if revision else f"datasets/{name}"
    if mirror is not None and (mirror / in_folder / path).is_file():
        return HubFile((mirror / in_folder / path).read_bytes(), revision)
    from huggingface_hub import hf_hub_download

    def told(why: str) -> str:
        return (
            f"{field}.uri: {uri} cannot be had: {why}. Without the hub: put the file at <folder>/{in_folder}/{path} and set "
            f"EMBTUNE_HUB_MIRROR=<folder>, or give a local file or an s3:// object."
        )

    with _explained("data set", revision, told):
        found = Path(hf_hub_download(name, path, repo_type="dataset", revision=revision, token=token))
    return HubFile(found.read_bytes(), found.parents[len(PurePosixPath(path).parts) - 1].name)


def in_mirror(uri: str) -> str:
    """Where a mirror keeps the model `hf://org/name` or `hf://org/name@revision`, relative to its folder."""
    return uri.removeprefix("hf://")


@contextmanager
def _explained(what: str, revision: str | None, told: Callable[[str], str]) -> Iterator[None]:
    """The client's errors as ours; `told` puts a cause into words."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError:
        raise InvalidInput(told("it is gated: accept its terms on its page and set HF_TOKEN")) from None
    except errors.RepositoryNotFoundError:
        why = f"the hub has no such {what}, or it is private: check the spelling, or set HF_TOKEN"
        raise InvalidInput(told(why)) from None
    except errors.RevisionNotFoundError:
        raise InvalidInput(told(f"it has no revision {revision}: check the spelling")) from None
    except errors.RemoteEntryNotFoundError:
        raise InvalidInput(told("there is no such file in it: check the path")) from None
    except (
        errors.LocalEntryNotFoundError,
        errors.OfflineModeIsEnabled,
        errors.RevisionResolutionError,
        errors.HfHubHTTPError,
    ) as error:
        raise HubAway(told(f"the hub cannot be reached ({_first_line(error)}): check the network")) from None
    except errors.HFValidationError as error:
        raise InvalidInput(told(f"its name is not one that the hub can have ({_first_line(error)})")) from None


def _told(field: str, uri: str, cause: str) -> str:
    return (
        f"{field}.uri: {uri} cannot be had: {cause}. Without the hub: put the model's folder at <folder>/{in_mirror(uri)} and "
        f"set EMBTUNE_HUB_MIRROR=<folder>, or give a local folder or an s3:// prefix as {field}.uri."
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).strip().rstrip(".")
