"""A session that ends: who asks is led to sign-in and back to a page that can be opened; sessions last while used."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.sessions import SIGNED_IN_AT
from accounts.sign_in import can_be_opened
from tests.test_access import NO_GET, PERSONAL, TABLE
from tests.world import PARAMS

SITE = "http://testserver"
PART = {"HX-Request": "true"}


def next_of(location):
    address = urlsplit(location)
    assert address.path == reverse(settings.LOGIN_URL)
    return parse_qs(address.query)["next"][0]


@pytest.fixture
def teammates(ada):
    return reverse("accounts:teammate_list", args=[ada.account_id])


@pytest.fixture
def switch(ada):
    """An address that takes nothing but a POST."""
    return reverse("accounts:teammate_access", args=[ada.account_id, ada.pk])


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_part_leads_the_whole_page_to_sign_in_and_back_to_itself(teammates, switch, method):
    seen = {**PART, "HX-Current-URL": f"{SITE}{teammates}?q=a%26b"}

    response = getattr(Client(), method)(switch, headers=seen)

    assert response.status_code == 401
    assert response.content == b""
    assert next_of(response["HX-Redirect"]) == f"{teammates}?q=a%26b"


@pytest.mark.django_db
def test_a_form_leads_back_to_its_page(teammates, switch):
    answers = [
        Client().post(switch, headers={"Referer": page} if page else {})
        for page in (SITE + teammates, SITE + switch, f"https://evil.example{teammates}", f"{SITE}//evil.example/", "")
    ]

    assert [next_of(answer["Location"]) for answer in answers] == [teammates, "/", "/", "/", "/"]
    assert next_of(Client().get(teammates + "?page=2")["Location"]) == teammates + "?page=2"
    assert next_of(Client().get(switch)["Location"]) == "/"


def test_no_address_that_takes_only_a_post_can_be_opened():
    posts = {name for name in TABLE if TABLE[name] is NO_GET}
    posts |= {"accounts:appearance", "accounts:email_change_cancel", "accounts:session_end", "support:visit_end"}
    posts |= {"accounts:sso_connect", "accounts:sso_disconnect"}
    values = {"app_id": "1234567890", "lineage": (uuid := "6f9619ff-8b86-d011-b42d-00c04fc964ff"), "tile": uuid}

    opened = {
        name
        for name in {*TABLE, *PERSONAL}
        if can_be_opened(reverse(name, kwargs={each: values.get(each, 1) for each in PARAMS[name]}))
    }

    assert opened == {*TABLE, *PERSONAL} - posts
    assert can_be_opened("/login/logout/")
    assert not can_be_opened("/nowhere/")


@pytest.fixture
def browser(ada, browser_of):
    return browser_of(ada.user)


def age(**passed):
    """Let time pass for all sessions."""
    session = Session.objects.get()
    session.expire_date -= timedelta(**passed)
    session.save()


def left():
    return Session.objects.get().expire_date - timezone.now()


@pytest.mark.django_db
def test_a_session_lasts_while_it_is_used_and_not_by_what_a_page_asks_by_itself(browser, teammates):
    whole = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    age(hours=1)
    assert "sessionid" not in browser.get(teammates).cookies  # not every page writes
    age(days=7)

    by_itself = browser.get(teammates, headers={**PART, "X-By-Itself": "true"})
    assert "sessionid" not in by_itself.cookies
    assert left() < whole - timedelta(days=6)

    asked = browser.get(teammates, headers=PART)
    assert asked.cookies["sessionid"]["max-age"] == settings.SESSION_COOKIE_AGE
    assert left() > whole - timedelta(minutes=1)


@pytest.mark.django_db
def test_the_page_is_told_when_its_session_ends_and_can_make_it_last(browser):
    path, by_itself = reverse("accounts:session"), {**PART, "X-By-Itself": "true"}

    def look(query=""):
        return browser.get(path + query, headers=by_itself)

    assert "delay:86400s" in look().text
    age(seconds=settings.SESSION_COOKIE_AGE - 400)
    assert "Stay signed in" not in look().text
    age(seconds=200)
    assert "Stay signed in" in look().text
    assert look("?warned=1").status_code == 204
    assert left() < timedelta(seconds=200)

    assert "You stay signed in" in browser.post(path, headers=PART).text
    assert left() > timedelta(days=13)
    assert "Stay signed in" not in look("?warned=1").text
    assert browser.get(path)["Location"] == "/"


@pytest.mark.django_db
def test_a_session_ends_some_days_after_its_sign_in_however_much_it_is_used(browser, teammates):
    def signed_in(**ago):
        stored = browser.session
        stored[SIGNED_IN_AT] = (timezone.now() - timedelta(**ago)).timestamp()
        stored.save()

    signed_in(days=29)
    assert timedelta(hours=23) < left() < timedelta(hours=25)
    assert "sessionid" not in browser.get(teammates).cookies  # nothing to renew

    signed_in(days=29, hours=23, minutes=56)
    page = browser.get(teammates).content.decode()
    assert "30 days after you signed in" in page and "Stay signed in" not in page
    browser.post(reverse("accounts:session"), headers=PART)
    assert left() < timedelta(minutes=5)

    signed_in(days=30, seconds=1)
    assert next_of(browser.get(teammates)["Location"]) == teammates


@pytest.mark.django_db
def test_sessions_of_before_the_limit_and_under_a_lower_one_count_from_their_next_renewal(browser, teammates, settings):
    stored = browser.session
    del stored[SIGNED_IN_AT]
    stored.save()
    age(days=1)
    browser.get(teammates)
    assert Session.objects.get().get_decoded()[SIGNED_IN_AT] == pytest.approx(timezone.now().timestamp(), abs=60)

    settings.SESSION_DAYS = 2
    browser.get(teammates)
    assert left() < timedelta(days=2, minutes=1)


@pytest.mark.django_db
def test_an_address_that_only_takes_a_form_answers_a_get_with_a_page(browser, switch):
    response = browser.get(switch)

    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "This address only takes a form" in response.text
    assert browser.get(switch, headers={"Accept": "application/json"}).content == b""


@pytest.mark.django_db
def test_a_form_without_its_token_answers_with_a_page(ada, teammates):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada.user)

    response = browser.post(teammates)

    assert response.status_code == 403
    assert "This form was not sent" in response.text
