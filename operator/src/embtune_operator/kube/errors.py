"""What the API server answers when it does not do what was asked.

ClusterError          trying again may help
├── AlreadyExists     an object of that name is there
├── Conflict          somebody else changed the object first
├── Missing           there is no such object, namespace or kind
├── Forbidden         credentials, rights, quota, or an admission policy refuse it
├── Invalid           the object breaks a rule of its kind; the message names field and rule
└── Unreachable       no answer, after all retries
"""

from __future__ import annotations

import json
import re

from embtune_operator.cluster import ClusterError


class AlreadyExists(ClusterError):
    pass


class Conflict(ClusterError):
    pass


class Missing(ClusterError):
    pass


class Forbidden(ClusterError):
    pass


class Invalid(ClusterError):
    pass


class Unreachable(ClusterError):
    pass


_DENIED = re.compile(r"denied (the )?request", re.IGNORECASE)
"""How webhooks and admission policies are quoted. Some answer with 400 or 422, yet it is not the object that must change."""


def refusal(what: str, code: int, body: bytes) -> ClusterError:
    """The error of an answer that is none of success.

    Args:
        what: what was asked for, to be read after "Kubernetes refused to": `create Job team/ft-1`.
    """
    reason, message = _status(body)
    return _kind_of(code, reason, message)(f"Kubernetes refused to {what}: {message} (HTTP {code})")


def _kind_of(code: int, reason: str, message: str) -> type[ClusterError]:
    if code in (401, 403) or (code in (400, 422) and _DENIED.search(message)):
        return Forbidden
    if code in (400, 422):
        return Invalid
    if code == 404:
        return Missing
    if code == 409:
        return AlreadyExists if reason == "AlreadyExists" else Conflict
    return Unreachable if code == 429 or code >= 500 else ClusterError


def _status(body: bytes) -> tuple[str, str]:
    """Reason and message of the `Status` object that the API server answers with; proxies answer with other things."""
    try:
        status = json.loads(body)
        return str(status.get("reason") or ""), str(status["message"])
    except (ValueError, KeyError, AttributeError, TypeError):
        return "", body[:500].decode(errors="replace").strip() or "no explanation"
