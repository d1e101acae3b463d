"""What acceptance tests share: the real model."""

from support.real_model import hub_mirror

__all__ = ["hub_mirror"]
