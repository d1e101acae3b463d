"""How rows are divided into train, validation and test: `spec.data.split`."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from embtune_api.base import Resource
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.methods import goes_with_the_method, refuse_others
from embtune_api.moments import MOMENT, NO_MOMENT, moment
from embtune_api.names import ColumnName

Side = Literal["train", "validation", "test"]
SplitMethod = Literal["Hash", "Stratified", "Time", "Given"]
Cutoff = Annotated[str, StringConstraints(min_length=1, max_length=40)]

GOES_WITH: dict[str, tuple[SplitMethod, ...]] = {
    "validation": ("Hash", "Stratified"),
    "test": ("Hash", "Stratified"),
    "stratifyBy": ("Stratified",),
    "timeColumn": ("Time",),
    "testFrom": ("Time",),
    "validationFrom": ("Time",),
    "splitColumn": ("Given",),
}
"""Which methods a field means something to; groupBy and seed may stand beside any."""
NEEDS: dict[SplitMethod, tuple[str, ...]] = {"Time": ("timeColumn", "testFrom"), "Given": ("splitColumn",)}


class Split(Resource):
    """How rows are divided. Whatever the method, a row never moves when data is appended."""

    method: SplitMethod = "Hash"
    """Hash: by a hash of the group. Stratified: each value of stratifyBy has its shares, and the line remembers where each
    group went. Time: rows from testFrom on are the test. Given: a column of the data says it."""
    validation: Annotated[float, Field(ge=0, le=0.5)] | None = None
    """Hash and Stratified: share of the rows that are held out for validation during training; 0: none. Default: 0.1."""
    test: Annotated[float, Field(gt=0, le=0.5)] | None = None
    """Hash and Stratified: share of the rows that become the line's exam, frozen by its first job. Default: 0.2."""
    stratify_by: ColumnName | None = None
    """Stratified: the shares hold within each value of this column. Default: the label column."""
    time_column: ColumnName | None = None
    """Time: the column with each row's time, such as 2026-01-31, 2026-01-31 08:00, 2026-01-31T08:00:00+01:00, or seconds since
    1970. A time without an offset is UTC."""
    test_from: Cutoff | None = None
    """Time: rows from this time on are the test. A date such as 2026-01-31, which begins at midnight UTC, or a date-time such as
    2026-01-31T08:00:00Z."""
    validation_from: Cutoff | None = None
    """Time: rows from this time on, but before testFrom, validate. Default: no row does."""
    split_column: ColumnName | None = None
    """Given: the column that says train, validation (dev, val, valid) or test, in capitals or not."""
    group_by: ColumnName | None = None
    """Rows that share this column's value stay on one side, and count as one in the bounds; default: the anchor's text. Time and
    Given may tear a group apart: its rows are then held out of training by checks.leakage."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Hash and Stratified: another seed divides the rows in another way."""

    @property
    def shares(self) -> dict[Side, float]:
        """Of the rows, with Hash and Stratified."""
        test = 0.2 if self.test is None else self.test
        validation = 0.1 if self.validation is None else self.validation
        return {"test": test, "validation": validation, "train": max(0.0, 1 - test - validation)}

    def explicit(self) -> Split:
        """With the shares that stand for what was left out."""
        if self.method not in GOES_WITH["test"]:
            return self
        return self.model_copy(update={"test": self.shares["test"], "validation": self.shares["validation"]})

    @property
    def wants_validation(self) -> bool:
        """Whether rows are to be held out for validation; with Given the data alone knows."""
        if self.method == "Time":
            return self.validation_from is not None
        return self.method != "Given" and self.shares["validation"] > 0

    @field_validator("test_from", "validation_from")
    @classmethod
    @cel(
        " && ".join(
            f"(!has({field}) || {expressions.matches(field, MOMENT)})" for field in ("self.testFrom", "self.validationFrom")
        ),
        f"testFrom and validationFrom: {NO_MOMENT}",
    )
    def _a_date_or_date_time(cls, text: str | None) -> str | None:
        if text is not None and not re.fullmatch(MOMENT, text):
            raise ValueError(f"{text!r} is none: {NO_MOMENT}")
        return text

    @model_validator(mode="after")
    @cel(
        goes_with_the_method(GOES_WITH),
        "a field does not go with the method: validation and test go with Hash and Stratified, stratifyBy with Stratified, "
        "timeColumn, testFrom and validationFrom with Time, splitColumn with Given",
    )
    def _fields_go_with_the_method(self) -> Self:
        refuse_others(self, self.method, GOES_WITH)
        return self

    @model_validator(mode="after")
    @cel(
        " && ".join(
            f"(self.method != {expressions.quoted(method)} || ({' && '.join(f'has(self.{name})' for name in names)}))"
            for method, names in NEEDS.items()
        ),
        "method Time needs timeColumn and testFrom; method Given needs splitColumn",
    )
    def _method_has_what_it_needs(self) -> Self:
        given = self.model_dump(by_alias=True, exclude_none=True)
        missing = [name for name in NEEDS.get(self.method, ()) if name not in given]
        if missing:
            raise ValueError(f"method {self.method} needs {' and '.join(missing)}")
        return self

    @model_validator(mode="after")
    @cel(
        "!has(self.testFrom) || !has(self.validationFrom) || "
        f"{expressions.time('self.validationFrom')} < {expressions.time('self.testFrom')}",
        "validationFrom must be before testFrom",
    )
    def _validation_comes_before_the_test(self) -> Self:
        if self.test_from and self.validation_from and moment(self.validation_from) >= moment(self.test_from):
            raise ValueError(
                f"validationFrom {self.validation_from} must be before testFrom {self.test_from}: the latest rows are the test, "
                f"those before them validate"
            )
        return self
