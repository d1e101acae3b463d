"""Where training starts: a model of the hub, of a bucket or a folder, or a published version."""

from __future__ import annotations

from embtune_api.places import AnyModel, SecretRef, VersionSelector


class BaseModelRef(AnyModel):
    """The model that training starts from: a `uri`, or a `version` of a line."""

    version: VersionSelector | None = None
    """A published version; the new one is judged against whatever is in production."""
    secret_ref: SecretRef | None = None
    """Credentials for an s3:// uri, or HF_TOKEN for a private model of the hub; a local run takes them from its environment."""
