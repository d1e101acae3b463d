"""What tests of several operators share."""

from servers.fixtures import minio
from support.operated_fixtures import cluster, plane

__all__ = ["cluster", "minio", "plane"]
