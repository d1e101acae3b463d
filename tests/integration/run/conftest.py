"""Whole runs, shared by the tests of this folder."""

from support.whole_runs import bench, copy_of, first, second

__all__ = ["bench", "copy_of", "first", "second"]
