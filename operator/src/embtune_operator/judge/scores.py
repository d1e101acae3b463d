"""Scores: what one model scored on the exam, query by query, or pair by pair."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.documents.evaluate import ResultManifest
from embtune_api.errors import NotFound, StoreError
from embtune_api.metrics import statistic_columns, told_of
from embtune_store import documents
from embtune_store.folders import read_verified

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from embtune_api.documents.files import StoredFile
    from embtune_api.keys import ResultKeys
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class Scores:
    """Queries, or pairs, are in the exam's order; a query without a relevant passage is NaN in every metric."""

    columns: tuple[str, ...]
    """Metrics of a query, each a column; and what statistics are computed from, such as similarity and score of a pair."""
    values: NDArray[np.float64]
    """(queries, columns)"""
    groups: NDArray[np.int64]
    """(queries,): queries of one group are not independent of each other."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """That can be told of these columns, those of pairs whether or not their suite yields them."""
        return told_of(self.columns)

    def needed(self, metric: str) -> NDArray[np.float64] | None:
        """(queries, columns) that the metric is computed from: its own, or the two of a statistic. None: it cannot be told."""
        if metric not in self.metrics:
            return None
        return self.values[:, [self.columns.index(name) for name in statistic_columns(metric) or (metric,)]]

    @property
    def answerable(self) -> NDArray[np.bool_]:
        """(queries,) bool: all of its numbers are known."""
        import numpy as np

        return np.asarray(~np.isnan(self.values).any(axis=1))

    def without(self, dropped: Sequence[int]) -> Scores:
        """The same scores without some queries, given by their index."""
        import numpy as np

        kept = np.ones(len(self.groups), dtype=bool)
        kept[list(dropped)] = False
        return self.only(kept)

    def only(self, kept: NDArray[np.bool_]) -> Scores:
        """The same scores of some queries: (queries,) bool."""
        return Scores(self.columns, self.values[kept], self.groups[kept])


def kept_scores(store: Store, keys: ResultKeys) -> Scores:
    """The scores that `evaluate` keeps of one model on one exam.

    Raises:
        NotFound: nobody evaluated that model on that exam, or its scores were deleted.
        Tampered, StoreError: as `load_scores`.
    """
    manifest = documents.read(store, keys.manifest, ResultManifest)
    file = manifest.scores(keys) if manifest else None
    if file is None or not store.exists(file.key):
        raise NotFound(f"There is no object {keys.scores} in the store {store.uri}.")
    return load_scores(store, file)


def load_scores(store: Store, file: StoredFile) -> Scores:
    """One file of scores (see `ResultKeys.scores`).

    Raises:
        Tampered: it is gone, or its bytes are not those that `evaluate` wrote.
        StoreError: it is not such a file.
    """
    import numpy as np

    key, data = file.key, read_verified(store, file)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            scores = Scores(
                tuple(str(name) for name in arrays["columns"]),
                arrays["values"].astype(np.float64),
                arrays["groups"].astype(np.int64),
            )
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise StoreError(f"{key} is not a file of scores ({error}); delete it and evaluate again") from error
    if scores.values.shape != (len(scores.groups), len(scores.columns)):
        raise StoreError(f"{key} holds scores whose shapes do not fit together; delete it and evaluate again")
    return scores
