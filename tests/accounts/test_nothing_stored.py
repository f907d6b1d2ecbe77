"""What people meet while the database can only be read. test_full_disk.py fills a real disk."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from tests.accounts.conftest import PASSWORD
from tests.accounts.test_second_factor import with_app
from tests.authenticator import code_for
from tests.factories import EnvironmentFactory, MembershipFactory

pytestmark = pytest.mark.django_db(transaction=True)
ATTEMPTS_A_MINUTE = 30  # from one address, by ACCOUNT_RATE_LIMITS


@pytest.fixture(autouse=True)
def empty_cache():
    """Its table, and what processes keep in memory."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def bob(account):
    return MembershipFactory(account=account, user=User.objects.create_user("bob@shop.example", PASSWORD)).user


@pytest.fixture
def read_only():
    """`read_only(True)`: from now on the database can only be read."""

    def switch(on):
        with connection.cursor() as cursor:
            cursor.execute(f"set default_transaction_read_only = {'on' if on else 'off'}")

    yield switch
    switch(False)


def browser(user=None):
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def sign_in(client, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": "bob@shop.example", "password": password})


def words_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_who_wants_to_sign_in_is_told_why_they_cannot(bob, read_only):
    read_only(True)

    response = sign_in(browser())

    assert response.status_code == 503
    assert "The database can only be read just now. So nobody can sign in" in words_of(response)
    assert "Retry-After" in response
    read_only(False)
    assert sign_in(browser()).status_code == 302


def test_a_wrong_password_is_called_wrong(bob, read_only):
    read_only(True)

    response = sign_in(browser(), "another password")

    assert response.status_code == 200
    assert "do not go together" in words_of(response)


def test_attempts_are_limited_all_the_same(bob, read_only):
    read_only(True)
    client = browser()

    answers = [sign_in(client, "another password") for _ in range(ATTEMPTS_A_MINUTE)]
    limited = sign_in(client)

    assert all("do not go together" in words_of(answer) for answer in answers)
    assert limited.status_code == 200
    assert "Too many failed login attempts" in words_of(limited)


def test_who_is_signed_in_sees_their_pages(bob, account, read_only):
    client = browser(bob)
    first, second = (EnvironmentFactory(project__account=account) for _ in range(2))
    client.get(reverse("analytics:dashboard", args=[first.app_id]))
    long_ago = timezone.now() - timedelta(hours=1)
    User.objects.update(last_seen_at=long_ago)
    account.memberships.update(last_seen_at=long_ago)
    read_only(True)

    pages = [
        client.get(reverse("analytics:dashboard", args=[second.app_id])),  # the session would note it
        client.get(reverse("accounts:profile")),
        client.get(reverse("accounts:teammate_list", args=[account.pk])),
    ]

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert "Cookie" in pages[0]["Vary"]


def test_who_changes_something_is_told_that_it_is_not_kept(bob, account, read_only):
    client = browser(bob)
    read_only(True)

    response = client.post(reverse("accounts:profile"), {"name": "Robert"})

    assert response.status_code == 503
    assert "no change is kept" in words_of(response)


def test_a_session_that_would_not_be_kept_is_not_said_to_be_gone(bob, read_only):
    client = browser(bob)
    read_only(True)

    response = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    assert response.status_code == 503
    assert "no change is kept" in words_of(response)


def test_a_code_that_was_used_before_stays_used(bob, read_only):
    secret = with_app(bob)
    app = Authenticator.objects.get(user=bob).wrap()
    typed = code_for(secret)
    assert app.validate_code(typed)
    read_only(True)

    assert not app.validate_code(typed)


def test_a_code_that_is_used_meanwhile_works_once(bob, read_only):
    secret = with_app(bob)
    app = Authenticator.objects.get(user=bob).wrap()
    read_only(True)
    typed = code_for(secret)

    assert app.validate_code(typed)
    assert not app.validate_code(typed)
    read_only(False)
    assert not app.validate_code(typed)


class TestTheCache:
    def test_keeps_in_memory_what_cannot_be_stored(self, read_only):
        read_only(True)

        cache.set("number", 1, 60)

        assert cache.add("lock", True, 60)
        assert not cache.add("lock", True, 60)
        assert cache.get_many(["number", "lock", "other"]) == {"number": 1, "lock": True}
        assert cache.delete("lock")
        assert cache.add("lock", True, 60)

    def test_still_knows_what_was_stored_before(self, read_only):
        cache.set("number", 1, 60)
        read_only(True)

        assert not cache.add("number", 2, 60)
        assert cache.get("number") == 1
        cache.set("number", 2, 60)
        assert cache.get("number") == 2

    def test_reads_although_what_has_run_out_cannot_be_deleted(self, read_only):
        cache.set("number", 1, -1)
        read_only(True)

        assert cache.get("number") is None
        assert cache.add("number", 2, 60)

    def test_stores_again_as_soon_as_it_can(self, read_only):
        read_only(True)
        cache.set("number", 1, 60)
        read_only(False)

        assert not cache.add("number", 2, 60)
        cache.set("number", 2, 60)

        read_only(True)
        assert cache.get("number") == 2
        assert stored("number") == 1

    def test_keeps_nothing_large_in_memory(self, read_only):
        read_only(True)

        cache.set("large", "a" * 5_000, 60)

        assert cache.get("large") is None


def stored(key):
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from cache_entries where cache_key like %s", [f"%:{key}"])
        return cursor.fetchone()[0]
