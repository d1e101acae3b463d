"""Models of the Hugging Face hub."""

from dataclasses import dataclass
from pathlib import Path

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


def download_model(name: str, revision: str | None, token: str | None = None, field: str = "baseModel") -> HubModel:
    """The model `org/name`, through the hub's own cache; `token`: None lets its client look for one; `field` of the spec
    names it.

    Raises:
        InvalidInput: it cannot be had; says why, and what can be done.
        HubAway: not now.
    """
    from huggingface_hub import errors, snapshot_download

    uri = f"hf://{name}@{revision}" if revision else f"hf://{name}"

    try:
        folder = snapshot_download(
            name,
            revision=revision,
            allow_patterns=list(KEPT),
            ignore_patterns=[f"{folder}/*" for folder in DROPPED_FOLDERS],
            token=token,
        )
    except errors.GatedRepoError:
        raise InvalidInput(_told(field, uri, "it is gated: accept its terms on its page and set HF_TOKEN")) from None
    except errors.RepositoryNotFoundError:
        why = "the hub has no such model, or it is private: check the spelling, or set HF_TOKEN"
        raise InvalidInput(_told(field, uri, why)) from None
    except errors.RevisionNotFoundError:
        raise InvalidInput(_told(field, uri, f"it has no revision {revision}: check the spelling")) from None
    except (
        errors.LocalEntryNotFoundError,
        errors.OfflineModeIsEnabled,
        errors.RevisionResolutionError,
        errors.HfHubHTTPError,
    ) as error:
        raise HubAway(_told(field, uri, f"the hub cannot be reached ({_first_line(error)}): check the network")) from None
    except errors.HFValidationError as error:
        raise InvalidInput(_told(field, uri, f"its name is not one that the hub can have ({_first_line(error)})")) from None
    path = Path(folder)
    return HubModel(path, path.name)


def in_mirror(uri: str) -> str:
    """Where a mirror keeps the model `hf://org/name` or `hf://org/name@revision`, relative to its folder."""
    return uri.removeprefix("hf://")


def _told(field: str, uri: str, cause: str) -> str:
    return (
        f"{field}.uri: {uri} cannot be had: {cause}. Without the hub: put the model's folder at <folder>/{in_mirror(uri)} and "
        f"set EMBTUNE_HUB_MIRROR=<folder>, or give a local folder or an s3:// prefix as {field}.uri."
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).strip().rstrip(".")
