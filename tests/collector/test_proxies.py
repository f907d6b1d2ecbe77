"""Addresses that visitors of many accounts share are found, and those of single visitors are not kept."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from collector.counts.proxies import MOST_ACCOUNTS, MOST_ADDRESSES, AccountsByAddress
from collector.models import SharedAddress


def crowd_of(accounts_by_address):
    crowd = AccountsByAddress()
    for address, accounts in accounts_by_address.items():
        for account in accounts:
            crowd.note(address, account)
    return crowd


def write(taken):
    with connection.cursor() as cursor:
        cursor.execute(*AccountsByAddress().statement(taken))


def test_only_addresses_that_several_accounts_share_are_told():
    crowd = crowd_of({"10.0.0.1": [1, 2, 3, 2, 1], "203.0.113.9": [1, 1, 1], "203.0.113.8": [1, 2]})

    assert crowd.take() == {"10.0.0.1": 3}
    assert not crowd


def test_it_keeps_to_its_bounds():
    crowd = crowd_of({f"address {number}": [1] for number in range(MOST_ADDRESSES + 10)})
    for account in range(2 * MOST_ACCOUNTS):
        crowd.note("address 1", account)
        crowd.note("too late", account)

    assert crowd.take() == {"address 1": MOST_ACCOUNTS}


@pytest.mark.django_db
def test_the_most_of_a_day_stays_and_old_ones_are_forgotten():
    now = timezone.now()
    SharedAddress.objects.create(address="10.0.0.1", accounts=9, seen_at=now - timedelta(hours=1))
    SharedAddress.objects.create(address="10.0.0.2", accounts=9, seen_at=now - timedelta(days=2))
    SharedAddress.objects.create(address="10.0.0.3", accounts=9, seen_at=now - timedelta(days=31))

    write({"10.0.0.1": 4, "10.0.0.2": 4, "2001:db8::1": 5})

    assert dict(SharedAddress.objects.values_list("address", "accounts")) == {
        "10.0.0.1": 9,
        "10.0.0.2": 4,
        "2001:db8::1": 5,
    }


@pytest.mark.django_db
def test_writing_nothing_still_forgets():
    SharedAddress.objects.create(address="10.0.0.3", accounts=9, seen_at=timezone.now() - timedelta(days=31))

    write({})

    assert not SharedAddress.objects.exists()
