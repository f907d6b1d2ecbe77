"""Sessions and entries of the cache that have expired go at night; those that hold stay."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.expired import forget_expired
from accounts.jobs import expired
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def signed_in():
    client = Client()
    user = MembershipFactory().user
    client.force_login(user)
    assert client.get(reverse("projects:home")).status_code == 302
    UserSession.objects.create(user=user, session_key=client.session.session_key, ip="192.0.2.1")
    return client


def entries():
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from cache_entries")
        return cursor.fetchone()[0]


def test_who_is_signed_in_stays_so_and_the_others_go():
    stays, gone = signed_in(), signed_in()
    key = gone.session.session_key
    Session.objects.filter(session_key=key).update(expire_date=timezone.now() - timedelta(days=1))
    UserSession.objects.update(created_at=timezone.now() - timedelta(days=40))

    expired(0)

    assert stays.get(reverse("projects:home")).status_code == 302
    assert not Session.objects.filter(session_key=key).exists()
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [stays.session.session_key]


def test_a_session_that_is_being_made_stays():
    UserSession.objects.create(user=MembershipFactory().user, session_key="x" * 32, ip="192.0.2.1")

    expired(0)

    assert UserSession.objects.exists()


def test_entries_of_the_cache_that_have_run_out_go():
    cache.set("counted", 1, timeout=600)
    cache.set("over", 1, timeout=600)
    with connection.cursor() as cursor:
        cursor.execute("update cache_entries set expires = now() - interval '1 second' where cache_key like '%over'")

    expired(0)

    assert cache.get("counted") == 1
    assert entries() == 1


def test_it_goes_in_steps():
    for _ in range(5):
        signed_in()
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))

    assert forget_expired(most=2) == 2
    assert Session.objects.count() == 3
    assert UserSession.objects.count() == 5
