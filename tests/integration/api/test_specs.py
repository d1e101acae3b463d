"""Good and bad specs, through pydantic and the API server: equal verdicts, equal defaults, faults by name."""

from typing import Any

import pytest

from embtune_api.resources import KINDS
from integration.api.across import augment, auxiliary, candidates, gates, kinds, places, rows, shapes, split, suites, training
from integration.api.cases import cases_of, example_with
from integration.api.examples import FULL, SHORTEST, changed
from integration.api.fields import Field, Path, fields_of
from integration.api.recipes import Object
from integration.api.server import Server
from integration.api.verdicts import difference

FIELDS = [(kind, field) for kind in KINDS for field in fields_of(kind)]
TABLES = (places, shapes, training, candidates, auxiliary, rows, augment, split, gates, suites, kinds)
RULES = [pytest.param(*rule, id=sentence) for table in TABLES for sentence, rule in table.RULES.items()]


@pytest.mark.parametrize(("kind", "field"), [pytest.param(*of, id=f"{of[0]} {of[1].dotted}") for of in FIELDS])
def test_every_value_of_a_field(server: Server, kind: str, field: Field) -> None:
    told = {
        case.sentence: difference(server, case.document, case.named if case.refused_at else None)
        for case in cases_of(kind, field)
    }
    assert {sentence: how for sentence, how in told.items() if how} == {}


@pytest.mark.parametrize(("document", "path", "value", "refusal"), RULES)
def test_across_fields(server: Server, document: Object, path: Path, value: Any, refusal: str | None) -> None:
    assert difference(server, changed(document, path, value), refusal) == ""
    assert refusal is not None or server.would_create(changed(document, path, value)).accepted


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_are_good(server: Server, kind: str) -> None:
    for document in (SHORTEST[kind], *FULL[kind]):
        assert server.would_create(document).message == ""
        assert difference(server, document) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_hold_every_field(kind: str) -> None:
    assert [field.path for field in fields_of(kind) if example_with(kind, field.path) is None] == []
