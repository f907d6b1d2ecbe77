"""The one-time link for the first staff login, and who may not use it."""

from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import FirstLoginLink, User
from projects import first_login
from projects.models import Environment
from tests.factories import UserFactory
from tests.together import both_at_once

pytestmark = pytest.mark.django_db
ANSWERS = {
    "name": "Ada Lovelace",
    "email": "Ada@Shop.example",
    "password": "correct horse battery",
    "account_name": "Shop",
    "project_name": "Web shop",
}


@pytest.fixture
def link(capsys):
    call_command("firstlogin")
    return capsys.readouterr().out.strip()


def use(link, **other):
    client = Client()
    return client, client.post(urlsplit(link).path, ANSWERS | other)


def test_the_link_makes_a_staff_login_with_an_account_and_signs_in(link, settings):
    assert link.startswith(f"{settings.SITE_URL}/first-login/")

    client, response = use(link)

    ada = User.objects.get()
    environment = Environment.objects.select_related("project__account").get()
    assert response.status_code == 302
    assert client.get(reverse("accounts:profile")).status_code == 200
    assert (ada.email, ada.name, ada.is_staff, ada.is_superuser) == ("ada@shop.example", "Ada Lovelace", True, True)
    assert ada.check_password("correct horse battery")
    assert (environment.project.account.name, environment.project.name) == ("Shop", "Web shop")
    assert environment.project.account.memberships.get().user == ada


def test_it_works_once(link):
    use(link)

    assert Client().get(urlsplit(link).path).status_code == 404
    assert use(link, email="eve@shop.example")[1].status_code == 404
    assert User.objects.count() == 1


def test_a_newer_link_replaces_it(link):
    call_command("firstlogin")

    assert use(link)[1].status_code == 404
    assert not User.objects.exists()


def test_it_works_for_an_hour(link):
    FirstLoginLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert use(link)[1].status_code == 404
    assert not User.objects.exists()


@pytest.mark.parametrize("rights", [{"is_staff": True}, {"is_superuser": True}])
def test_a_leaked_link_is_worth_nothing_once_there_is_staff(link, rights):
    UserFactory(**rights)

    assert use(link)[1].status_code == 404
    with pytest.raises(CommandError, match="There is a staff login already"):
        call_command("firstlogin")


@pytest.mark.parametrize("member", [{}, {"is_staff": True, "is_active": False}])
def test_people_who_cannot_use_the_staffs_pages_do_not_end_it(link, member):
    UserFactory(**member)

    assert use(link)[1].status_code == 302


def test_a_used_link_is_no_good_when_its_staff_is_gone(link):
    use(link)
    User.objects.update(is_staff=False, is_superuser=False)

    assert use(link, email="eve@shop.example")[1].status_code == 404


def test_staff_that_comes_while_somebody_types_ends_it(link):
    found = FirstLoginLink.objects.get()
    UserFactory(is_staff=True)

    with pytest.raises(FirstLoginLink.DoesNotExist):
        first_login.use(link=found, **ANSWERS)


def test_looking_uses_nothing_up(link):
    for _ in range(3):
        assert Client().get(urlsplit(link).path).status_code == 200
    assert Client().head(urlsplit(link).path).status_code == 200

    assert use(link)[1].status_code == 302


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ("password", "short"),
        ("password", "ada@shop.example"),
        ("email", "ada"),
        ("email", "bob@shop.example"),
        ("name", ""),
        ("account_name", " "),
        ("project_name", "\u200b"),
    ],
)
def test_a_bad_answer_is_told_at_its_field_and_the_link_stays_good(link, field, answer):
    UserFactory(email="bob@shop.example")

    response = use(link, **{field: answer})[1]

    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert use(link)[1].status_code == 302


def test_only_a_digest_is_stored(link):
    assert urlsplit(link).path.strip("/").rpartition("/")[2] not in str(FirstLoginLink.objects.values())


def test_a_secret_of_another_kind_opens_nothing(link):
    FirstLoginLink.objects.update(digest=first_login.links.digest("rescue", "secret"))

    assert Client().get(reverse("projects:first_login", args=["secret"])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_wins(link):
    found, answered = FirstLoginLink.objects.get(), []

    def make(email):
        first_login.use(link=found, **ANSWERS | {"email": email})  # both have seen the page
        answered.append(email)

    failed = both_at_once(*(partial(make, email) for email in ("ada@shop.example", "eve@shop.example")))

    assert sorted(type(error) for error in failed if error) == [FirstLoginLink.DoesNotExist]
    assert [user.email for user in User.objects.all()] == answered


def test_of_two_windows_that_both_show_the_page_one_wins(link):
    found = FirstLoginLink.objects.get()
    first_login.use(link=found, **ANSWERS)

    with pytest.raises(FirstLoginLink.DoesNotExist):
        first_login.use(link=found, **ANSWERS | {"email": "eve@shop.example"})
