"""What integration tests share: real servers."""

from servers.fixtures import control_plane, embtune_plane, minio, versitygw

__all__ = ["control_plane", "embtune_plane", "minio", "versitygw"]
