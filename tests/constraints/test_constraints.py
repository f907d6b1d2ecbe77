"""Every constraint in the database, with a row that breaks it: of all our tables, made by Django or by SQL.

A new constraint needs an entry in the file of its app beside this one; schema.py says what counts as a constraint.
"""

from collections import Counter

import pytest
from django.db import IntegrityError, transaction

from tests.constraints import accounts, analytics, collector, events, ipfilter, projects, support
from tests.constraints.rows import check_now
from tests.constraints.schema import constraints, constraints_of_models, name_of

pytestmark = pytest.mark.django_db

BREAKS = (
    accounts.BREAKS
    | projects.BREAKS
    | ipfilter.BREAKS
    | events.BREAKS
    | collector.BREAKS
    | analytics.BREAKS
    | support.BREAKS
)
WAYS = [
    pytest.param(name, way, id=f"{name} ({number})" if number else name)
    for name, ways in BREAKS.items()
    for number, way in enumerate(ways if isinstance(ways, list) else [ways])
]


def test_every_constraint_has_an_entry():
    missing = sorted(set(constraints()) - set(BREAKS))

    assert not missing, f"write down what breaks {missing}, in tests/constraints/<app>.py"


def test_every_entry_names_a_constraint():
    gone = sorted(set(BREAKS) - set(constraints()))

    assert not gone, f"the database has no constraint called {gone}"


def test_no_two_constraints_share_a_name():
    assert [name for name, count in Counter(constraints()).items() if count > 1] == []


def test_constraints_of_models_are_in_the_database():
    assert sorted(constraints_of_models() - set(constraints())) == []


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_what_breaks_it_is_refused(name, way):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        way()
        check_now()

    assert name_of(refusal.value.__cause__) == name.partition(":")[0]
