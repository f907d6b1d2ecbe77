"""Signing in, signing up and passwords: nothing is told, nothing leads astray, nothing survives that should not."""

import re

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Account, Activity, User
from tests.accounts.conftest import PASSWORD
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
KNOWN, UNKNOWN = "known@shop.example", "unknown@shop.example"
CSRF_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
NEW_PASSWORD = "a quite different one"


@pytest.fixture
def known(account):
    user = User.objects.create_user(KNOWN, PASSWORD, name="Known")
    MembershipFactory(account=account, user=user)
    return user


@pytest.fixture
def with_mail(settings):
    """As in production: mail is configured, so addresses are proven before anybody gets in."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


@pytest.fixture
def hashings(monkeypatch):
    """How often a password was hashed or checked: what an answer's time is made of."""
    count = []
    original = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify
    monkeypatch.setattr(Argon2PasswordHasher, "encode", lambda *args: (count.append(1), original[0](*args))[1])
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *args: (count.append(1), original[1](*args))[1])
    return count


def sign_in(email=KNOWN, password=PASSWORD, client=None, **data):
    client = client or Client()
    return client, client.post(reverse("account_login"), {"login": email, "password": password, **data})


def sign_up(email):
    data = {"name": "N", "email": email, "password1": PASSWORD, "account_name": "A", "project_name": "P"}
    return Client().post(reverse("account_signup"), data)


def without_secrets(response, email):
    body = CSRF_TOKEN.sub("", response.content.decode()).replace(email, "…")
    return response.status_code, response.get("Location"), body


def reset_path(user):
    return reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)},
    )


def reset(user, client=None):
    user.refresh_from_db()  # a sign-in since has voided older links
    client = client or Client()
    page = client.get(reset_path(user))
    return client, client.post(page.url, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})


class TestNothingIsTold:
    def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(self, known, hashings):
        _, wrong = sign_in(KNOWN, "wrong password")
        first, hashings[:] = len(hashings), []
        _, unknown = sign_in(UNKNOWN, "wrong password")

        assert without_secrets(wrong, KNOWN) == without_secrets(unknown, UNKNOWN)
        assert first == len(hashings) == 1

    def test_reset_says_and_does_the_same_for_both(self, known, hashings):
        answers = [
            without_secrets(Client().post(reverse("account_reset_password"), {"email": email}), email)
            for email in (KNOWN, UNKNOWN)
        ]

        assert answers[0] == answers[1]
        assert hashings == []
        assert [job.args["to"] for job in ProcrastinateJob.objects.order_by("id")] == [KNOWN, UNKNOWN]

    def test_signing_up_says_the_same_and_hashes_as_often_for_both(self, known, with_mail, hashings):
        new = sign_up(UNKNOWN)
        first, hashings[:] = len(hashings), []
        again = sign_up(KNOWN)

        assert without_secrets(new, UNKNOWN) == without_secrets(again, KNOWN)
        assert first == len(hashings)
        assert User.objects.filter(email=KNOWN).count() == 1
        assert not Account.objects.filter(name="A", memberships__user=known).exists()

    def test_without_mail_signing_up_works_at_once(self, db):
        response = sign_up(UNKNOWN)

        assert response.url == "/"


class TestNothingLeadsAstray:
    @pytest.mark.parametrize(
        "target",
        ["//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "https:evil.example",
         "///evil.example", "/%5Cevil.example/..//evil.example", "javascript:alert(1)", "http:///evil.example",
         "/\t/evil.example", " //evil.example", "/..//evil.example", "//evil.example/%2e%2e", "https://testserver@evil.example"],
    )  # fmt: skip
    @pytest.mark.parametrize("way", ["login", "logout"])
    def test_next_never_leaves_the_site(self, known, target, way):
        if way == "login":
            _, response = sign_in(next=target)
        else:
            client, _ = sign_in()
            response = client.post(reverse("account_logout"), {"next": target})

        location = response.url.replace("\\", "/").lstrip()
        assert location.startswith("/")
        assert not location.startswith("//")
        assert not location.replace("\t", "").startswith("//")

    def test_a_browsers_name_puts_no_link_into_the_mail_about_a_new_password(self, known):
        client, _ = sign_in()

        client.post(
            reverse("account_change_password"),
            {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
            headers={"user-agent": "Firefox (https://evil.example/x) evil.example"},
        )

        job = ProcrastinateJob.objects.get(task_name="accounts.send_mail")
        assert job.args["template"] == "password_changed"
        assert job.args["context"]["user_agent"] == "Firefox evil. example"

    def test_reset_links_are_built_from_site_url(self, known, settings):
        settings.ALLOWED_HOSTS = ["*"]

        Client().post(reverse("account_reset_password"), {"email": KNOWN}, headers={"host": "evil.example"})
        Client().post(reverse("account_reset_password"), {"email": UNKNOWN}, headers={"host": "evil.example"})

        jobs = list(ProcrastinateJob.objects.order_by("id").values_list("task_name", "args"))
        assert "evil.example" not in str(jobs)
        assert jobs[0] == ("accounts.send_password_reset", {"user_id": known.pk, "to": KNOWN})
        assert jobs[1][1]["context"]["signup_url"].startswith(settings.SITE_URL)


class TestNothingSurvives:
    def test_a_reset_ends_all_sessions(self, known):
        client, _ = sign_in()
        assert client.get("/account/me/").status_code == 200

        reset(known)

        assert not UserSession.objects.filter(user=known).exists()
        assert not Session.objects.filter(session_key=client.session.session_key).exists()
        assert client.get("/account/me/").status_code == 302
        assert Activity.objects.filter(verb="login.password").exists()

    def test_a_change_ends_all_other_sessions_and_keeps_this_one(self, known):
        elsewhere, _ = sign_in()
        here, _ = sign_in()

        here.post(
            reverse("account_change_password"),
            {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
        )

        assert [each.session_key for each in UserSession.objects.all()] == [here.session.session_key]
        assert elsewhere.get("/account/me/").status_code == 302
        assert here.get("/account/me/").status_code == 200

    def test_a_reset_link_works_once(self, known):
        path = reset_path(known)
        reset(known)

        client = Client()
        page = client.get(path, follow=True)

        assert page.context["token_fail"]

    def test_signing_in_changes_the_session_key(self, known):
        client = Client()
        client.get(reverse("account_login"))
        session = client.session
        session["planted"] = True
        session.save()
        client.cookies["sessionid"] = session.session_key

        sign_in(client=client)

        assert client.session.session_key != session.session_key

    def test_a_login_that_is_switched_off_is_out_at_once(self, known, account):
        MembershipFactory(account=account)
        client, _ = sign_in()

        User.objects.filter(pk=known.pk).update(is_active=False)

        assert client.get("/account/me/").status_code == 302


class TestLimits:
    @pytest.fixture(autouse=True)
    def fresh(self):
        cache.clear()

    def test_guessing_a_password_is_stopped_for_all_workers(self, known):
        for _ in range(5):
            sign_in(KNOWN, "wrong password")

        _, response = sign_in(KNOWN, PASSWORD)

        assert response.status_code == 200
        assert "Too many failed" in response.content.decode()

    def test_guessing_is_counted_by_the_trusted_address_not_by_a_header(self, known):
        for number in range(12):
            response = Client().post(
                reverse("account_login"),
                {"login": f"a{number}@shop.example", "password": "wrong"},
                headers={"x-forwarded-for": f"203.0.113.{number}"},
            )

        assert "Too many failed" in response.content.decode()

    def test_another_address_is_not_held_up(self, known):
        for number in range(12):
            sign_in(f"a{number}@shop.example", "wrong password")

        response = Client().post(
            reverse("account_login"),
            {"login": KNOWN, "password": PASSWORD},
            REMOTE_ADDR="203.0.113.9",
        )

        assert response.status_code == 302

    def test_asking_for_reset_mails_is_limited(self, known):
        answers = [Client().post(reverse("account_reset_password"), {"email": KNOWN}).status_code for _ in range(7)]

        assert answers == [302] * 5 + [429] * 2
        assert ProcrastinateJob.objects.count() == 5


class TestSignUpSwitch:
    def test_closed_means_closed_for_get_and_post(self, db, settings):
        settings.SIGNUP_OPEN = False

        assert "account_name" not in Client().get(reverse("account_signup")).content.decode()
        sign_up(UNKNOWN)

        assert not User.objects.filter(email=UNKNOWN).exists()

    def test_with_mail_nobody_is_in_before_the_address_is_proven(self, db, with_mail):
        client = Client()
        data = {"name": "N", "email": UNKNOWN, "password1": PASSWORD, "account_name": "A", "project_name": "P"}
        client.post(reverse("account_signup"), data)

        assert client.get("/").status_code == 302
        assert not EmailAddress.objects.get(email=UNKNOWN).verified
        assert client.get("/").url.startswith(reverse("account_login"))


def test_passwords_are_kept_with_argon2(known):
    assert known.password.startswith("argon2$argon2id$")


def test_signing_in_is_in_the_activity_of_the_persons_accounts(known, account):
    sign_in()

    assert Activity.objects.get(account=account).verb == "login.sign_in"


def test_the_sign_in_page_says_what_this_is_and_links_to_status_and_to_docs_if_there_are_any(settings):
    def page():
        return Client().get(reverse(settings.LOGIN_URL)).content.decode()

    assert "Heapadmin shows what people do" in page() and reverse("support:status") in page()
    assert "Docs</a>" not in page()
    settings.DOCS_URL = "https://docs.example.com/"
    assert '<a href="https://docs.example.com/">Docs</a>' in page()
