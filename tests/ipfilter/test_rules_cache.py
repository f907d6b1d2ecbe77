"""What the collector's workers hold: per list, compiled once, and never stopped by one bad row."""

import logging

import pytest
from django.db import connection

from ipfilter import rules_cache
from ipfilter.list_scope import ListScope
from ipfilter.models import ExcludedIP
from ipfilter.rules_cache import LISTS_SQL, RULES_SQL, CompiledLists
from tests.ipfilter.factories import make_scope, rule_of, save

pytestmark = pytest.mark.django_db


def look(lists):
    """One look at the database, as the directory takes it; (what is in force, ids of the lists that were read)."""
    with connection.cursor() as cursor:
        cursor.execute(LISTS_SQL)
        list_rows = cursor.fetchall()
        stale = lists.stale(list_rows)
        cursor.execute(RULES_SQL, [stale])
        return lists.renew(list_rows, cursor.fetchall()), stale


def matches(rules, scope, address):
    environment = scope.environment or scope.account.projects.get().environments.get()
    compiled = rules.of(account_id=scope.account.pk, environment_id=environment.pk)
    return [rule_id for rule_id in (each.match(address) for each in compiled) if rule_id is not None]


def test_an_accounts_list_and_an_environments_own_hold_together():
    own = make_scope(own=True)
    everywhere, other = ListScope(own.account), make_scope()
    save(everywhere, "10.1.*")
    save(own, "10.2.*")

    rules, _ = look(CompiledLists())

    assert matches(rules, own, "10.1.2.3") == [rule_of(everywhere, "10.1.*").pk]
    assert matches(rules, own, "10.2.2.3") == [rule_of(own, "10.2.*").pk]
    assert matches(rules, other, "10.1.2.3") == []


def test_only_lists_that_changed_are_read_again():
    first, second = make_scope(), make_scope()
    save(first, "10.1.*")
    save(second, "10.2.*")
    lists = CompiledLists()
    look(lists)

    _, unchanged = look(lists)
    save(second, "10.2.*\n10.3.*")
    rules, changed = look(lists)

    assert (unchanged, changed) == ([], [second.saved_list().pk])
    assert matches(rules, first, "10.1.0.1")
    assert matches(rules, second, "10.3.0.1")


def test_a_removed_rule_and_a_removed_list_hold_no_longer():
    emptied, deleted = make_scope(), make_scope()
    save(emptied, "10.1.*")
    save(deleted, "10.1.*")
    lists = CompiledLists()
    look(lists)

    save(emptied, "")
    deleted.saved_list().delete()
    rules, _ = look(lists)

    assert matches(rules, emptied, "10.1.0.1") == matches(rules, deleted, "10.1.0.1") == []


def test_a_row_that_cannot_be_read_is_told_and_stops_nothing_else(caplog):
    scope, other = make_scope(), make_scope()
    save(scope, "10.1.*\n10.2.*")
    save(other, "10.3.*")
    broken = rule_of(scope, "10.1.*")
    ExcludedIP.objects.filter(pk=broken.pk).update(canonical="written by hand")

    with caplog.at_level(logging.ERROR, logger=rules_cache.__name__):
        rules, _ = look(CompiledLists())

    assert f"Excluded IP {broken.pk} of list {broken.list_id} holds for nobody" in caplog.text
    assert matches(rules, scope, "10.2.0.1")
    assert matches(rules, other, "10.3.0.1")
