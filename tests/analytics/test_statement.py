"""The parameters that are bound to a statement."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from analytics.definitions.glossary import Glossary
from analytics.questions.query import Scope
from analytics.sql.dialect import POSTGRESQL, SqlType
from analytics.sql.statement import Statement

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_parameter_has_the_type_of_its_value():
    statement = Statement(Scope(environment_id=7), Glossary(), NOON, POSTGRESQL)

    holes = [statement.bind(value) for value in ("7", NOON, HOUR, [NOON, NOON + HOUR], UUID(int=7))]

    assert holes == ["%(p1)s", "%(p2)s::timestamptz", "%(p3)s::interval", "%(p4)s::timestamptz[]", "%(p5)s::uuid"]
    assert statement.types == {
        "p0": SqlType.INTEGER,
        "p1": SqlType.TEXT,
        "p2": SqlType.MOMENT,
        "p3": SqlType.SPAN,
        "p4": SqlType.MOMENTS,
        "p5": SqlType.UUID,
    }


@pytest.mark.parametrize("value", [None, True, 1.5, [], ["a"], [NOON, None], b"a"], ids=repr)
def test_what_has_no_type_is_not_bound(value):
    statement = Statement(Scope(environment_id=7), Glossary(), NOON, POSTGRESQL)

    with pytest.raises(TypeError):
        statement.bind(value)
    assert list(statement.parameters) == ["p0"]
