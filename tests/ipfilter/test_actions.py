"""Saving a list: what stays, what two people at once do to each other, what the activity tells."""

import threading

import pytest
from django.db import close_old_connections, connection
from django.utils import timezone

from accounts.models import Activity
from ipfilter.actions import BlocksEverybody, SavedMeanwhile
from ipfilter.list_scope import ListScope
from ipfilter.models import ExcludedIP, ExcludedIPList, KeptOut
from tests.factories import EnvironmentFactory
from tests.ipfilter.factories import make_scope, rule_of, save

pytestmark = pytest.mark.django_db


def sources(scope):
    return list(scope.rules().values_list("source", "note"))


def test_a_list_keeps_text_rules_notes_and_order():
    scope = make_scope()

    saved = save(scope, "# the office\n10.1.* # Paris\n\n2001:db8::/32, 10.2.3.4")

    assert sources(scope) == [("10.1.*", "Paris"), ("2001:db8::/32", ""), ("10.2.3.4", "")]
    assert scope.saved_list().text == "# the office\n10.1.* # Paris\n\n2001:db8::/32, 10.2.3.4"
    assert saved.receipt == "3 rules added, 0 removed"


def test_a_rule_that_stays_keeps_its_row_and_counters_though_its_spelling_changes():
    scope = make_scope()
    save(scope, "10.1.*\n10.2.*")
    before = rule_of(scope, "10.1.*")
    KeptOut.objects.create(
        rule=before,
        environment=EnvironmentFactory(project__account=scope.account),
        day="2026-01-01",
        count=7,
        last_at=timezone.now(),
    )

    save(scope, "10.9.9.9\n10.1.0.0/16 # now as CIDR")

    after = rule_of(scope, "10.1.0.0/16")
    assert (after.pk, after.added_at, after.note, after.position) == (before.pk, before.added_at, "now as CIDR", 1)
    assert after.kept_out.get().count == 7


def test_a_rule_that_goes_takes_its_counters_along():
    scope = make_scope()
    save(scope, "10.1.*")
    rule = rule_of(scope, "10.1.*")
    KeptOut.objects.create(
        rule=rule,
        environment=EnvironmentFactory(project__account=scope.account),
        day="2026-01-01",
        count=7,
        last_at=timezone.now(),
    )

    save(scope, "")

    assert not ExcludedIP.objects.exists()
    assert not KeptOut.objects.exists()


def test_saving_the_same_text_changes_nothing_and_is_not_written_down():
    scope = make_scope()
    save(scope, "10.1.*")

    saved = save(scope, "10.1.*")

    assert not saved.is_changed
    assert scope.saved_list().version == 1
    assert Activity.objects.filter(verb="excluded_ips.save").count() == 1


def test_an_old_version_is_refused_and_nothing_changes():
    scope = make_scope()
    save(scope, "10.1.*")

    with pytest.raises(SavedMeanwhile) as refused:
        save(scope, "10.2.*", version=0)

    assert refused.value.saved.version == 1
    assert sources(scope) == [("10.1.*", "")]


def test_the_rules_of_an_account_and_of_its_environments_are_kept_apart():
    everywhere = make_scope()
    own = ListScope.of(everywhere.account.projects.get().environments.get())

    save(everywhere, "10.1.*")
    save(own, "10.1.*\n10.2.*")

    assert sources(everywhere) == [("10.1.*", "")]
    assert sources(own) == [("10.1.*", ""), ("10.2.*", "")]


def test_a_scope_of_another_accounts_environment_cannot_be_made():
    with pytest.raises(ValueError, match="not one of this account"):
        ListScope(make_scope().account, EnvironmentFactory())


@pytest.mark.parametrize("text", ["*", "0.0.0.0/0", "::/0", "0.0.0.0/1\n128.0.0.0/1"])
def test_rules_against_everybody_need_a_confirmation(text):
    scope = make_scope()

    with pytest.raises(BlocksEverybody):
        save(scope, text)
    assert sources(scope) == []

    save(scope, text, everybody_confirmed=True)
    assert len(sources(scope)) == text.count("\n") + 1


def test_two_lists_that_block_everybody_only_together_need_a_confirmation():
    own = make_scope(own=True)
    whole = ListScope(own.account)
    save(make_scope(), "0.0.0.0/1")
    save(whole, "128.0.0.0/1")

    with pytest.raises(BlocksEverybody):
        save(own, "0.0.0.0/1")
    save(own, "0.0.0.0/1", everybody_confirmed=True)
    with pytest.raises(BlocksEverybody):
        save(whole, "128.0.0.0/2\n192.0.0.0/2")

    assert sources(whole) == [("128.0.0.0/1", "")]


def test_an_environments_list_is_not_asked_about_where_the_accounts_blocks_everybody_by_itself():
    own = make_scope(own=True)
    save(ListScope(own.account), "0.0.0.0/0", everybody_confirmed=True)

    save(own, "10.1.*")

    assert sources(own) == [("10.1.*", "")]


def test_the_activity_tells_the_difference():
    scope = make_scope(own=True)
    save(scope, "10.1.*\n10.2.*")
    save(scope, "10.2.*\n10.3.*")

    rows = Activity.objects.filter(account=scope.account, verb="excluded_ips.save").order_by("id")

    where = {"app_id": scope.environment.app_id}
    assert [row.details for row in rows] == [
        {"added": "10.1.*, 10.2.*", "unchanged": "0"} | where,
        {"added": "10.3.*", "removed": "10.1.*", "unchanged": "1"} | where,
    ]
    assert {row.target for row in rows} == {str(scope)}


def test_the_activity_of_a_long_list_stays_short():
    scope = make_scope()
    save(scope, "\n".join(f"10.{n // 250}.{n % 250}.1" for n in range(10_000)))

    row = Activity.objects.get(verb="excluded_ips.save")

    assert row.details["added"].endswith(" and 9,900 more")
    assert len(row.details["added"]) < 2_000


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told():
    scope = make_scope()
    start = threading.Barrier(2)
    outcomes = []

    def save_one(text):
        start.wait()
        try:
            save(scope, text, version=0)
            outcomes.append("saved")
        except SavedMeanwhile:
            outcomes.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=save_one, args=[text]) for text in ("10.1.*", "10.2.*")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()

    assert sorted(outcomes) == ["saved", "told"]
    assert ExcludedIPList.objects.get().version == 1
    assert ExcludedIP.objects.count() == 1
