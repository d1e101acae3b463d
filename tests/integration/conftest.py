"""What integration tests share: real servers."""

from servers.fixtures import minio, versitygw

__all__ = ["minio", "versitygw"]
