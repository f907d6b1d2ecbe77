"""`manage.py grantadmin`: back in after everything was lost."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import logins
from accounts.models import Activity, Rescue, User
from tests.accounts.conftest import PASSWORD
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(ada, capsys):
    call_command("grantadmin", "ADA@shop.example")
    return capsys.readouterr().out.strip()


def use(link, password=PASSWORD):
    client = Client()
    return client, client.post(urlsplit(link).path, {"password": password})


def test_the_link_lets_the_person_choose_a_password_and_signs_in(link, ada, settings):
    assert link.startswith(settings.SITE_URL)

    client, response = use(link)

    assert response.status_code == 302
    assert client.get(reverse("accounts:profile")).status_code == 200
    assert User.objects.get(pk=ada.user_id).check_password(PASSWORD)


def test_it_works_once(link):
    use(link)

    assert use(link, "another long password")[1].status_code == 404


def test_of_two_windows_that_both_show_the_page_one_wins(link):
    found = Rescue.objects.get()
    logins.use_rescue(rescue=found, password=PASSWORD)

    with pytest.raises(Rescue.DoesNotExist):
        logins.use_rescue(rescue=found, password="another long password")


def test_a_used_link_shows_no_form(link):
    use(link)

    assert Client().get(urlsplit(link).path).status_code == 404


def test_it_works_for_an_hour(link):
    Rescue.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert use(link)[1].status_code == 404


def test_looking_uses_nothing_up(link):
    for _ in range(3):
        assert Client().get(urlsplit(link).path).status_code == 200

    assert use(link)[1].status_code == 302


def test_second_factors_are_removed_and_sessions_end(link, ada, browser_of):
    Authenticator.objects.create(user=ada.user, type=Authenticator.Type.TOTP, data={})
    elsewhere = browser_of(ada.user)

    use(link)

    assert not Authenticator.objects.filter(user=ada.user).exists()
    assert elsewhere.get(reverse("accounts:profile")).status_code == 302


def test_a_weak_password_is_refused_and_the_link_stays_good(link):
    assert use(link, "short")[1].status_code == 200
    assert use(link)[1].status_code == 302


def test_it_is_in_the_activity(link, account):
    use(link)

    verbs = Activity.objects.filter(account=account).order_by("id").values_list("verb", flat=True)
    assert list(verbs)[:2] == ["login.rescue_offer", "login.rescue"]


def test_only_a_digest_is_stored(link):
    assert urlsplit(link).path.strip("/").rpartition("/")[2] not in str(Rescue.objects.values())


def test_with_an_account_the_person_gets_full_access_to_it(ada):
    reader = MembershipFactory(read_only=True, user__email="reader@shop.example")

    call_command("grantadmin", "reader@shop.example", "--account", str(reader.account_id))

    reader.refresh_from_db()
    assert reader.read_only is False


@pytest.mark.parametrize("args", [["nobody@shop.example"], ["ada@shop.example", "--account", "999999"]])
def test_what_does_not_exist_is_said_in_words(ada, args):
    with pytest.raises(CommandError, match="There is no"):
        call_command("grantadmin", *args)
