"""What the database itself refuses, and does by itself."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ipfilter.models import ExcludedIP, ExcludedIPList, KeptOut
from projects.models import Environment, Project
from tests.factories import AccountFactory, EnvironmentFactory, ProjectFactory
from tests.ipfilter.factories import make_scope, rule_of, save

pytestmark = pytest.mark.django_db


def refused(constraint):
    return pytest.raises(IntegrityError, match=constraint)


def test_an_account_has_one_list_of_its_own():
    account = AccountFactory()
    ExcludedIPList.objects.create(account=account)

    with refused("excludediplist_one_account_list"):
        ExcludedIPList.objects.create(account=account)


def test_an_environment_has_one_list():
    environment = EnvironmentFactory()
    ExcludedIPList.objects.create(account=environment.project.account, environment=environment)

    with refused("environment_id"):
        ExcludedIPList.objects.create(account=environment.project.account, environment=environment)


def test_a_rule_is_once_in_a_list():
    kept = ExcludedIPList.objects.create(account=AccountFactory())
    ExcludedIP.objects.create(list=kept, canonical="10.1.0.0/16", source="10.1.*", position=0)

    with refused("excludedip_once_per_list"):
        ExcludedIP.objects.create(list=kept, canonical="10.1.0.0/16", source="10.1.0.0/16", position=1)


def test_a_counter_counts_something_once_a_day():
    scope = make_scope()
    save(scope, "10.1.*")
    environment = EnvironmentFactory(project__account=scope.account)
    fields = {"rule": rule_of(scope, "10.1.*"), "environment": environment, "day": "2026-01-01"}

    with refused("keptout_counts_something"), transaction.atomic():
        KeptOut.objects.create(**fields, count=0, last_at=timezone.now())
    KeptOut.objects.create(**fields, count=1, last_at=timezone.now())
    with refused("keptout_once_per_day"):
        KeptOut.objects.create(**fields, count=1, last_at=timezone.now())


def test_a_list_cannot_be_made_for_another_accounts_environment():
    with refused("excludediplist_stays_in_its_account"):
        ExcludedIPList.objects.create(account=AccountFactory(), environment=EnvironmentFactory())


def test_a_list_cannot_be_moved_to_another_accounts_environment():
    own = make_scope(own=True)
    save(own, "10.1.*")

    with refused("excludediplist_stays_in_its_account"), transaction.atomic():
        ExcludedIPList.objects.update(environment=EnvironmentFactory())
    with refused("excludediplist_stays_in_its_account"):
        ExcludedIPList.objects.update(account=AccountFactory())


def test_neither_an_environment_nor_its_project_can_be_moved_away_from_its_list():
    own = make_scope(own=True)
    save(own, "10.1.*")

    with refused("excludediplist_stays_in_its_account"), transaction.atomic():
        Environment.objects.filter(pk=own.environment.pk).update(project=ProjectFactory())
    with refused("excludediplist_stays_in_its_account"):
        Project.objects.filter(pk=own.environment.project_id).update(account=AccountFactory())


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
