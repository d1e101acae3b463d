"""Moments as people write them in a spec: dates, and date-times with an offset (RFC 3339)."""

from datetime import UTC, datetime

_DAY = (
    "[12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|([12][0-9](0[48]|[2468][048]|[13579][26])|(1[26]|2[048])00)-02-29"
)
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
MOMENT = f"^({_DAY})(T{_CLOCK})?$"
"""Only days that there are, so that a pattern alone says here and in an API server which texts are moments."""
NO_MOMENT = "give a date such as 2026-01-31, which begins at midnight UTC, or a date-time such as 2026-01-31T08:00:00Z"


def moment(text: str) -> datetime:
    """The moment that a text names which has the form `MOMENT`, or another of ISO 8601; without an offset it is UTC.

    Raises:
        ValueError: it names none.
    """
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
