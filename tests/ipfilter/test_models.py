"""What the database does by itself; what it refuses is in tests/constraints."""

import pytest
from django.db import connection
from django.utils import timezone

from ipfilter.models import ExcludedIP, KeptOut
from projects.models import Environment
from tests.factories import EnvironmentFactory, ProjectFactory
from tests.ipfilter.factories import make_scope, rule_of, save

pytestmark = pytest.mark.django_db


def test_within_its_account_an_environment_can_be_moved():
    own = make_scope(own=True)
    save(own, "10.1.*")

    Environment.objects.filter(pk=own.environment.pk).update(project=ProjectFactory(account=own.account))

    assert own.saved_list().rules.count() == 1


def test_every_change_of_a_rule_gives_its_list_a_new_stamp():
    scope, other = make_scope(), make_scope()
    save(other, "10.1.*")
    untouched, stamps = other.saved_list().stamp, [0]

    for change in (
        lambda: save(scope, "10.1.*\n10.2.*"),
        lambda: ExcludedIP.objects.filter(list__account=scope.account, position=1).update(canonical="10.3.0.0/16"),
        lambda: ExcludedIP.objects.filter(list__account=scope.account, position=0).delete(),
    ):
        change()
        stamps.append(scope.saved_list().stamp)

    assert stamps == sorted(set(stamps))
    assert other.saved_list().stamp == untouched


@pytest.mark.parametrize("table", ["ipfilter_excludedip", "projects_environment"])
def test_counters_go_with_their_rule_and_their_environment(table):
    """By the database: a counter that a worker writes while the page removes the rule stops neither of them."""
    scope = make_scope()
    save(scope, "10.1.*")
    environment = EnvironmentFactory(project__account=scope.account)
    counted = KeptOut.objects.create(
        rule=rule_of(scope, "10.1.*"), environment=environment, day="2026-01-01", count=1, last_at=timezone.now()
    )
    gone = {"ipfilter_excludedip": counted.rule_id, "projects_environment": counted.environment_id}[table]

    with connection.cursor() as cursor:
        cursor.execute(f"delete from {table} where id = %s", [gone])
        cursor.execute("set constraints all immediate")

    assert not KeptOut.objects.exists()
