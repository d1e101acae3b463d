"""What an S3 server says, as an error that tells a person what to do."""

import re

from embtune_api.errors import NotFound, StoreDenied, StoreError, StoreFull

STATUS = re.compile(r"non-2xx status code: (\d{3})")
CODE = re.compile(r"<Code>([^<]*)</Code>|DeleteObjects request failed .*\(code: (\w+)\)")
"""In an answer of its own, or in that for one of many objects to be deleted."""
MESSAGE = re.compile(r"<Message>([^<]*)</Message>")
METADATA_SERVICE = ("169.254.169.254", "169.254.170.2", "fd00:ec2::254")
"""Where obstore looks for an identity when the environment holds none."""
FULL = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "EntityTooLarge"}
LOOK_AT_KEYS = (
    "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN for temporary ones, AWS_REGION for AWS) "
    "and that their policy allows this bucket and prefix"
)


DEAD = {"InvalidAccessKeyId", "InvalidTokenId", "InvalidToken", "ExpiredToken", "ExpiredTokenException", "XAdminUserNotFound"}
"""What servers say of credentials that they do not know, or know no longer."""


class DeadCredentials(StoreDenied):
    """The server does not know who asks; no policy is meant."""


def s3_error(error: Exception, key: str, uri: str, endpoint: str) -> StoreError:
    """The error for obstore's exception about `key` in the store `uri`, at the server `endpoint` (empty: AWS)."""
    text = str(error).partition("\n\nDebug source")[0].strip()
    status, code, answer = _status(text), _code(text), _answer(text)
    if any(service in text for service in METADATA_SERVICE):
        return StoreDenied(
            f"There are no credentials for the store {uri}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (profiles in "
            f"~/.aws are not read){_where(endpoint)}."
        )
    if code == "NoSuchBucket" or (status == 404 and not isinstance(error, FileNotFoundError) and not code):
        return StoreDenied(
            f"There is no bucket for the store {uri}: the server answered {answer}. Create the bucket, "
            f"or correct its name{_where(endpoint)}."
        )
    if code in FULL or status == 507:
        return StoreFull(
            f"There is no room left for {key} in the store {uri}: the server answered {answer}. Make room or raise the quota, "
            "and run the same command again: it goes on where it stopped."
        )
    if status in {401, 403} or code in {"AccessDenied", *DEAD}:
        kind = DeadCredentials if code in DEAD else StoreDenied
        return kind(
            f"The store {uri} refused the credentials for {key or 'its listing'}: it answered {answer}. "
            f"{LOOK_AT_KEYS}{_where(endpoint)}."
        )
    if isinstance(error, FileNotFoundError):
        return NotFound(f"There is no object {key} in the store {uri}.")
    if status is None:
        return StoreError(
            f"The store {uri} cannot be reached ({_last_words(text)}). Check that the server runs and that this machine may "
            f"connect to it{_where(endpoint)}."
        )
    return StoreError(
        f"The store {uri} did not do what was asked with {key}: it answered {answer}. Try again, or look at its log."
    )


def is_refusal(error: Exception) -> bool:
    """The server understood the request and said no: trying again is no use, and nothing was written."""
    status = _status(str(error))
    return status is not None and status < 500 and status not in {408, 409, 425, 429}


def is_collision(error: Exception) -> bool:
    """Two conditional requests met, and S3 looked at neither: to be tried again.

    Source: "409 Conflict" in docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    return _code(str(error)) == "ConditionalRequestConflict"


def _status(text: str) -> int | None:
    found = STATUS.search(text)
    return int(found[1]) if found else None


def _code(text: str) -> str:
    found = CODE.search(text)
    return found[1] or found[2] if found else ""


def _answer(text: str) -> str:
    message = MESSAGE.search(text)
    parts = [str(_status(text) or ""), _code(text), f"({message[1].strip('. ')})" if message else ""]
    return " ".join(part for part in parts if part)


def _last_words(text: str) -> str:
    """The innermost cause: obstore puts it last."""
    return text.rpartition(" - ")[2].strip() or "no answer"


def _where(endpoint: str) -> str:
    return f"; AWS_ENDPOINT_URL is {endpoint}" if endpoint else "; AWS_ENDPOINT_URL is not set, so AWS itself was asked"
