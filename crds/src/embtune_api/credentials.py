"""The credentials of a step for the store, as the operator mounts them: the one file of a Secret, replaced before it expires."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from embtune_api.base import Document

CREDENTIALS_FILE = "credentials.json"
FOLDER_VARIABLE = "EMBTUNE_STORE_CREDENTIALS"
"""Of a step's environment: the folder with that file."""


class StoreCredentials(Document):
    access_key_id: str = Field(min_length=1)
    secret_access_key: str = Field(min_length=1, repr=False)
    session_token: str | None = Field(default=None, repr=False)
    """Of temporary ones."""
    expires_at: AwareDatetime | None = None
    """None: never."""

    def expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now
