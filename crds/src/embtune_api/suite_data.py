"""What a suite asks, where that is not the line's exam: rows of its own, or files as BEIR has them."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from embtune_api.base import Resource
from embtune_api.base_model import SecretRef
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.names import Uri
from embtune_api.reach import DATA_OUT_OF_REACH, DATA_URI, in_cluster
from embtune_api.sources import DELIMITED, NO_HEADER, Columns, DataSource
from embtune_api.split import ColumnName


class SuiteRows(Resource):
    """A file of rows, all of which are asked: nothing of it is trained on."""

    uri: Uri
    """As that of data.train."""
    header: Annotated[list[ColumnName], Field(min_length=1, max_length=64)] | None = None
    """Names of the columns of a .csv or .tsv whose first line is data, in their order. Default: the first line names them."""
    columns: Columns = Columns(anchor="anchor", positive="positive")
    group_by: ColumnName | None = None
    """Rows that share this column's value are drawn together in the bounds. Default: each text is a group."""
    secret_ref: SecretRef | None = None
    """Credentials for an s3:// source, or HF_TOKEN for a private data set of the hub; a local run takes them from its
    environment."""

    @property
    def source(self) -> DataSource:
        """To be read as any other."""
        return DataSource(uri=self.uri, header=self.header, columns=self.columns, secret_ref=self.secret_ref)

    @field_validator("uri")
    @classmethod
    @cel(expressions.matches("self.uri", DATA_URI), DATA_OUT_OF_REACH, field="uri")
    def _reachable_from_a_cluster(cls, uri: str, info: ValidationInfo) -> str:
        if in_cluster(info) and not re.fullmatch(DATA_URI, uri):
            raise ValueError(DATA_OUT_OF_REACH)
        return uri

    @model_validator(mode="after")
    @cel(f"!has(self.header) || {expressions.matches('self.uri', DELIMITED)}", NO_HEADER, field="header")
    def _has_a_header_to_name(self) -> Self:
        if self.header is not None and not re.fullmatch(DELIMITED, self.uri):
            raise ValueError(NO_HEADER)
        return self


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
