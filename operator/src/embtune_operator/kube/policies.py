"""What the credentials of a step allow: a policy of S3, as MinIO and AWS take it when a session is minted.

A step may do what its code does, and nothing else. Training never reads an exam, nobody deletes a version, and nothing of
another job or of another namespace can be seen.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from embtune_api.errors import InvalidInput
from embtune_api.keys import LineKeys
from embtune_api.requests import PrepareRequest, TrainRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embtune_api.requests import AnyRequest, StepRequest
    from embtune_api.status import StepName

CredentialKind = Literal["data", "train"]
LONGEST = 2048
"""Characters of a session's policy, for AWS and MinIO alike."""
READ = ["s3:GetObject"]
WRITE = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
DELETE = "s3:DeleteObject"


def kind_of(step: StepName) -> CredentialKind:
    """Steps of one kind share their credentials."""
    return "train" if step == "train" else "data"


def policy_for(request: AnyRequest, base_line: str | None = None) -> str:
    """The policy for the request's step, and for the others of its kind.

    Args:
        base_line: the line whose version the job starts from, where it starts from one.

    Raises:
        InvalidInput: the names are so long that no session can be told all of them.
    """
    statements = _training(request) if isinstance(request, TrainRequest) else _data(request, base_line)
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    if len(policy) > LONGEST:
        raise InvalidInput(
            f"spec.model: the names of this job make a policy of {len(policy)} characters, and a session of the object store "
            f"takes {LONGEST}. Shorten the name of the job, of spec.model, or of the line that it starts from; or the prefix of "
            f"the platform's store, {request.store}."
        )
    return policy


def _data(request: StepRequest, base_line: str | None) -> list[dict[str, Any]]:
    line, scratch = request.line_keys, _scratch(request)
    base = LineKeys(request.namespace, base_line or request.model)
    frozen = [line.owner, f"{line.root}/exams/*", f"{line.root}/splits/*", f"{line.versions}/*"]
    read = [line.release, *([base.release, f"{base.versions}/*"] if base != line else []), *_replayed(request)]
    embeddings = [f"{line.root}/embeddings/*"] if _mines(request) else []
    archive = [line.archive("*")] if _archives(request) else []
    return [
        _allow(WRITE, request, [f"{scratch}/*", *frozen, *embeddings, *archive]),
        _allow(READ, request, read),
        _list(request, [f"{scratch}/*", f"{line.versions}/*", *embeddings]),
    ]


def _mines(request: StepRequest) -> bool:
    return isinstance(request, PrepareRequest) and request.data is not None and request.data.mine is not None


def _archives(request: StepRequest) -> bool:
    """It keeps data with the line."""
    data = request.data if isinstance(request, PrepareRequest) else None
    return data is not None and (data.archive or data.replay is not None)


def _replayed(request: StepRequest) -> list[str]:
    """The rows of another line's version; those of its own are read as what is kept."""
    replayed = request.replayed if isinstance(request, PrepareRequest) else None
    return [replayed.rows.key] if replayed and replayed.rows and replayed.model != request.model else []


def _training(request: TrainRequest) -> list[dict[str, Any]]:
    scratch = _scratch(request)
    own, prepared = f"{scratch}/train/*", f"{scratch}/prepare/*"
    bases = dict.fromkeys(filter(None, [request.base.prefix, request.others_base]))
    elsewhere = [f"{base}/*" for base in bases if not base.startswith(f"{request.job_keys.root}/prepare/")]
    return [
        _allow([*WRITE, DELETE], request, [own]),
        _allow(READ, request, [prepared, *elsewhere]),
        _list(request, [own]),
    ]


def _scratch(request: StepRequest) -> str:
    """Of the one job that has this uid, whose name may be too long to be written out."""
    return request.job_keys.root.replace(f"/{request.job}/", "/*/")


def _allow(actions: list[str], request: StepRequest, keys: Iterable[str]) -> dict[str, Any]:
    bucket, prefix = _place(request)
    return {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{bucket}/{prefix}{key}" for key in keys]}


def _list(request: StepRequest, keys: Iterable[str]) -> dict[str, Any]:
    bucket, prefix = _place(request)
    return {
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{bucket}"],
        "Condition": {"StringLike": {"s3:prefix": [f"{prefix}{key}" for key in keys]}},
    }


def _place(request: StepRequest) -> tuple[str, str]:
    """Bucket, and the prefix of every key: empty, or with a slash at its end."""
    parts = urlsplit(request.store)
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""
