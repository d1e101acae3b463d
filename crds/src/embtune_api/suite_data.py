"""What a suite asks, where that is not the line's exam: rows of its own, or files as BEIR has them."""

from __future__ import annotations

import re
from typing import Self

from pydantic import ValidationInfo, model_validator

from embtune_api.base import Resource
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.names import ColumnName, Uri
from embtune_api.places import RowFile, SecretRef
from embtune_api.reach import DATA_OUT_OF_REACH, DATA_URI, in_cluster
from embtune_api.sources import Columns, DataSource


class SuiteRows(RowFile):
    """A file of rows, all of which are asked: nothing of it is trained on."""

    columns: Columns = Columns(anchor="anchor", positive="positive")
    group_by: ColumnName | None = None
    """Rows that share this column's value are drawn together in the bounds. Default: each text is a group."""

    @property
    def source(self) -> DataSource:
        """To be read as any other."""
        return DataSource(uri=self.uri, header=self.header, columns=self.columns, secret_ref=self.secret_ref)


class LabelledRows(RowFile):
    """A file of labelled texts, to learn labels from."""

    text: ColumnName = "text"
    """The column with the texts."""
    label: ColumnName = "label"
    """The column with their labels."""

    @property
    def rows(self) -> SuiteRows:
        """To be read as any other."""
        columns = Columns(text=self.text, label=self.label)
        return SuiteRows(uri=self.uri, header=self.header, columns=columns, secret_ref=self.secret_ref)


class BeirFiles(Resource):
    """A retrieval test set in three files, as BEIR has them; relevance may be graded."""

    corpus: Uri
    """jsonl of {_id, text}, and title, which stands before the text."""
    queries: Uri
    """jsonl of {_id, text}; those without a relevant passage are not asked."""
    qrels: Uri
    """tsv with a header: query-id, corpus-id, score. A score of 0 or less is not relevant."""
    secret_ref: SecretRef | None = None
    """Credentials for all three."""

    @property
    def uris(self) -> tuple[str, str, str]:
        return self.corpus, self.queries, self.qrels

    def source(self, uri: str) -> DataSource:
        """One of the three, to be read as any other."""
        return DataSource(uri=uri, secret_ref=self.secret_ref)

    @model_validator(mode="after")
    @cel(
        f"[self.corpus, self.queries, self.qrels].all(uri, {expressions.matches('uri', DATA_URI)})",
        DATA_OUT_OF_REACH,
    )
    def _reachable_from_a_cluster(self, info: ValidationInfo) -> Self:
        if in_cluster(info) and not all(re.fullmatch(DATA_URI, uri) for uri in self.uris):
            raise ValueError(DATA_OUT_OF_REACH)
        return self
