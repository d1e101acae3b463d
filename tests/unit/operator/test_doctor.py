"""What the doctor hears in an operator's log: what the operator wrote there, in both formats."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from embtune_operator.client.doctor.store import RECENT, complaints_in
from embtune_operator.service.logs import JsonLines, TextLines
from embtune_operator.service.queue import Key

URI = "s3://embtune/models"
AWAY = f"tried again in 4 s: store.uri: the store {URI} at http://minio:9000 cannot be reached: Connection refused. Check that …"
DENIED = f"tried again in 1 s: The store {URI} refused the credentials for search/shop: it answered 403 AccessDenied."
NO_SESSION = "tried again in 2 s: The object store at http://minio:9000 gave no session for a step's credentials: 403"


@pytest.mark.parametrize("form", [TextLines(), JsonLines()], ids=["text", "json"])
@pytest.mark.parametrize(
    ("level", "message", "age", "heard"),
    [
        pytest.param("WARNING", AWAY, 0, True, id="it is away"),
        pytest.param("WARNING", DENIED, 200, True, id="it refuses the credentials"),
        pytest.param("WARNING", NO_SESSION, 0, True, id="it gives no sessions"),
        pytest.param("WARNING", AWAY, RECENT.total_seconds() + 1, False, id="it was away, and is back"),
        pytest.param("INFO", f"opens {URI}", 0, False, id="no complaint"),
        pytest.param("WARNING", "tried again in 1 s: The API server does not answer", 0, False, id="about something else"),
    ],
)
def test_a_complaint_is_heard_while_it_is_true(
    form: logging.Formatter, level: str, message: str, age: float, heard: bool
) -> None:
    record = logging.LogRecord("embtune", getattr(logging, level), "", 0, message, None, None)
    record.resource = Key("Store", "", "")
    record.created -= age
    log = f"Traceback (most recent call last):\n  {URI}\n2026-01-01 no time\n{form.format(record)}\n"
    assert bool(complaints_in(log, f"{URI}/", datetime.now(UTC) + timedelta(seconds=1))) == heard
