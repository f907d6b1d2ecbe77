"""What a link does, and for whom; no mail needed."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import invitations
from accounts.actions.invitations import NotOpen
from accounts.models import Activity, Invitation, Membership, User
from common import links
from tests.accounts.conftest import PASSWORD
from tests.factories import MembershipFactory, UserFactory
from tests.together import both_at_once
from tests.world import make_invitation

pytestmark = pytest.mark.django_db


@pytest.fixture
def invitation(account, ada):
    return make_invitation(account, ada.user, "new@shop.example")


def path_of(invitation: Invitation) -> str:
    return reverse("accounts:invitation", args=[links.secret("invitation", invitation.nonce)])


def answer(invitation, client=None, **data):
    return (client or Client()).post(path_of(invitation), {"name": "New", "password": PASSWORD, **data})


def test_looking_at_the_link_a_hundred_times_uses_nothing_up(invitation):
    client = Client()

    for _ in range(100):
        assert client.get(path_of(invitation)).status_code == 200
    client.head(path_of(invitation))

    invitation.refresh_from_db()
    assert invitation.is_open


def test_a_link_works_once(invitation):
    answer(invitation)

    second = answer(invitation, name="Somebody else")

    assert second.status_code == 410
    assert Membership.objects.filter(account=invitation.account).count() == 2


def test_another_signed_in_person_is_told_and_uses_nothing_up(invitation, browser_of):
    stranger = browser_of(UserFactory(email="stranger@else.example"))

    looked, posted = stranger.get(path_of(invitation)), stranger.post(path_of(invitation))
    stranger.post(path_of(invitation) + "decline/")

    assert "new@shop.example" in looked.content.decode()
    assert "stranger@else.example" in looked.content.decode()
    assert posted.status_code == 403
    invitation.refresh_from_db()
    assert invitation.is_open
    assert not Membership.objects.filter(user__email="stranger@else.example").exists()


def test_the_invited_person_can_still_accept_after_somebody_else_tried(invitation, browser_of):
    browser_of(UserFactory()).post(path_of(invitation))

    answer(invitation)

    assert Membership.objects.filter(account=invitation.account, user__email="new@shop.example").exists()


def test_an_address_with_a_login_is_not_given_a_second_one(invitation):
    UserFactory(email="new@shop.example")

    response = answer(invitation)

    assert "has a login already" in response.content.decode()
    assert User.objects.get(email="new@shop.example").name != "New"
    assert not Membership.objects.filter(user__email="new@shop.example").exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expired"),
        ({"revoked_at": timezone.now()}, "taken back"),
        ({"declined_at": timezone.now()}, "declined"),
    ],
)
def test_a_link_that_is_over_says_why(account, ada, fields, words):
    invitation = make_invitation(account, ada.user, "new@shop.example", **fields)

    response = answer(invitation)

    assert response.status_code == 410
    assert words in response.content.decode()
    assert not User.objects.filter(email="new@shop.example").exists()


def test_the_invitation_of_a_closed_account_lets_nobody_in(invitation):
    invitation.account.closed_at = timezone.now()
    invitation.account.save(update_fields=["closed_at"])

    assert answer(invitation).status_code == 410
    assert not User.objects.filter(email="new@shop.example").exists()


def test_a_secret_of_one_kind_opens_nothing_of_another(invitation):
    nonce = invitation.nonce

    for purpose in ("email_change.old", "email_change.new", "rescue"):
        path = reverse("accounts:invitation", args=[links.secret(purpose, nonce)])
        assert Client().get(path).status_code == 404
    for name in ("accounts:rescue", "accounts:email_confirm"):
        assert Client().get(reverse(name, args=[links.secret("invitation", nonce)])).status_code == 404


def test_the_number_of_an_invitation_opens_nothing(invitation):
    assert Client().get(reverse("accounts:invitation", args=[invitation.pk])).status_code == 404


@pytest.mark.parametrize("password", ["short", "new@shop.example", "password1234", "1234567890"])
def test_a_weak_password_is_refused_with_the_name_kept(invitation, password):
    response = answer(invitation, name="Newcomer", password=password)

    assert response.status_code == 200
    assert 'value="Newcomer"' in response.content.decode()
    assert not User.objects.filter(email="new@shop.example").exists()


def test_privileges_are_those_that_were_offered(account, ada, browser_of):
    bob = UserFactory(email="bob@shop.example")
    browser_of(bob).post(path_of(make_invitation(account, ada.user, bob.email, read_only=True)))

    assert bob.memberships.get().read_only is True


def test_a_teammate_cannot_be_invited_and_nobodys_address_is_told(account, ada, grace, browser_of):
    response = browser_of(ada.user).post(reverse("accounts:invite", args=[account.pk]), {"emails": grace.user.email})

    assert response.status_code == 422
    assert "in this account already" in response.content.decode()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("typed", ["", "  , ", "ada", "a@b", "ada@shop.example grace", "1", '{"user_id": 1}'])
def test_what_is_no_address_is_named_and_nobody_is_invited(account, ada, browser_of, typed):
    response = browser_of(ada.user).post(reverse("accounts:invite", args=[account.pk]), {"emails": typed})

    assert response.status_code == 422
    assert response.context["form"].errors["emails"]
    assert not Invitation.objects.exists()


def test_one_bad_address_among_several_stops_all_and_keeps_what_was_typed(account, ada, browser_of):
    response = browser_of(ada.user).post(
        reverse("accounts:invite", args=[account.pk]), {"emails": "good@shop.example, bad@"}
    )

    assert "good@shop.example, bad@" in response.content.decode()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("typed", "quoted"),
    [
        ("not an address", ["not an address"]),
        ("ada@shop.example grace hopper, Bob\nx@", ["grace hopper", "Bob", "x@"]),
        ("x " * 5_000, ["x " * 39 + "x…"]),
    ],
)
def test_words_that_belong_together_are_one_mistake_quoted_as_typed(account, ada, browser_of, typed, quoted):
    response = browser_of(ada.user).post(reverse("accounts:invite", args=[account.pk]), {"emails": typed})

    errors = response.context["form"].errors["emails"]
    assert errors == [f"“{words}” is not an e-mail address." for words in quoted]


def test_a_list_of_two_hundred_is_invited_at_once_and_one_more_is_not(account, ada, browser_of):
    client, url = browser_of(ada.user), reverse("accounts:invite", args=[account.pk])
    pasted = [f"Person {number} <person{number}@shop.example>" for number in range(201)]

    refused = client.post(url, {"emails": "; ".join(pasted)})
    assert refused.status_code == 422 and "201 addresses at once are too many" in refused.content.decode()
    assert not Invitation.objects.exists()

    invited = client.post(url, {"emails": "; ".join(pasted[:200])}, follow=True)
    assert "Invited 200 people." in invited.content.decode()
    assert Invitation.objects.count() == 200


def test_an_account_sends_only_so_many_invitations_an_hour(account, ada, browser_of, settings):
    settings.INVITATIONS_PER_HOUR = 3
    client, url = browser_of(ada.user), reverse("accounts:invite", args=[account.pk])

    assert client.post(url, {"emails": "a@shop.example b@shop.example"}).status_code == 302
    assert client.post(url, {"emails": "c@shop.example d@shop.example"}).status_code == 429
    assert client.post(url, {"emails": "c@shop.example"}).status_code == 302
    resend = reverse("accounts:invitation_resend", args=[account.pk, Invitation.objects.first().pk])
    client.post(resend)

    assert Activity.objects.filter(verb__in=invitations.SENDING).count() == 3


def test_one_address_gets_only_so_many_mails_an_hour(account, ada, browser_of, monkeypatch):
    monkeypatch.setattr(invitations, "MOST_TO_ONE", 2)
    client, url = browser_of(ada.user), reverse("accounts:invite", args=[account.pk])

    assert client.post(url, {"emails": "a@shop.example"}).status_code == 302
    resend = reverse("accounts:invitation_resend", args=[account.pk, Invitation.objects.get().pk])
    assert client.post(resend).status_code == 302
    refused = client.post(url, {"emails": "b@shop.example A@shop.example"})

    assert refused.status_code == 429 and "Within the last hour a@shop.example" in refused.content.decode()
    assert "Within the last hour a@shop.example" in client.post(resend, follow=True).content.decode()
    assert Activity.objects.filter(verb__in=invitations.SENDING).count() == 2
    assert client.post(url, {"emails": "b@shop.example"}).status_code == 302


def test_who_lost_full_access_after_passing_the_door_invites_nobody(account, ada, grace):
    grace.read_only = True
    grace.save(update_fields=["read_only"])

    with pytest.raises(PermissionDenied):
        invitations.invite(account=account, emails=["x@shop.example"], read_only=False, by=grace.user)


def test_a_demoted_inviters_open_offers_are_revoked(account, ada, grace, browser_of):
    offer = make_invitation(account, grace.user, "x@shop.example")

    browser_of(ada.user).post(reverse("accounts:teammate_access", args=[account.pk, grace.pk]), {"read_only": "on"})

    offer.refresh_from_db()
    assert offer.revoked_at is not None


def test_an_invitation_that_was_answered_cannot_be_sent_again_or_revoked(account, ada, browser_of):
    offer = make_invitation(account, ada.user, "x@shop.example", declined_at=timezone.now())
    client = browser_of(ada.user)

    for name in ("invitation_resend", "invitation_revoke", "invitation_link"):
        assert client.post(reverse(f"accounts:{name}", args=[account.pk, offer.pk])).status_code == 404


def test_a_new_secret_key_leaves_sent_links_alive_and_copies_a_new_one(invitation, ada, browser_of, settings):
    sent = path_of(invitation)
    settings.SECRET_KEY = "x" * 60
    url = reverse("accounts:invitation_link", args=[invitation.account_id, invitation.pk])

    assert Client().get(sent).status_code == 200
    copied = browser_of(ada.user).post(url).context["link"]

    assert Client().get(sent).status_code == 404
    assert Client().get("/account/" + copied.partition("/account/")[2]).status_code == 200


class TestTwoAtOnce:
    """Each has read the open invitation already when the other one ends it."""

    def test_accepting_after_it_was_accepted(self, invitation):
        answer(invitation)

        with pytest.raises(NotOpen):
            invitations.accept_as_new(invitation=invitation, name="Second", password=PASSWORD)

    def test_accepting_after_it_expired(self, invitation):
        Invitation.objects.update(expires_at=timezone.now())

        with pytest.raises(NotOpen):
            invitations.accept(invitation=invitation, user=UserFactory(email=invitation.email))

    def test_accepting_after_it_was_renewed(self, invitation, ada):
        invitations.resend(invitation=Invitation.objects.get(), by=ada.user)

        with pytest.raises(NotOpen):
            invitations.accept(invitation=invitation, user=UserFactory(email=invitation.email))

    def test_accepting_as_somebody_else(self, invitation):
        with pytest.raises(ValueError, match="another address"):
            invitations.accept(invitation=invitation, user=UserFactory())


def test_the_same_secret_has_another_digest_for_each_purpose():
    assert links.digest("invitation", "secret") != links.digest("rescue", "secret")


def test_signing_in_comes_back_to_the_invitation(account, ada):
    User.objects.create_user("bob@shop.example", PASSWORD)
    path = path_of(make_invitation(account, ada.user, "bob@shop.example"))

    response = Client().post(
        reverse("account_login"), {"login": "bob@shop.example", "password": PASSWORD, "next": path}
    )

    assert response.url == path


def test_joining_is_remembered_as_the_account_used_last(account, ada, browser_of):
    other = MembershipFactory(last_seen_at=timezone.now() - timedelta(minutes=5))
    client = browser_of(other.user)

    answer(make_invitation(account, ada.user, other.user.email), client)

    assert Membership.objects.latest_used(other.user).first().account == account


@pytest.mark.django_db(transaction=True)
def test_inviting_anew_does_not_write_over_an_answer_that_is_being_given(account, ada, invitation):
    accepted, invited = threading.Event(), threading.Event()

    def accept():
        with transaction.atomic():
            invitations.accept_as_new(invitation=invitation, name="New", password=PASSWORD)
            accepted.set()
            assert not invited.wait(timeout=1)  # it waits for this transaction

    def invite():
        accepted.wait(timeout=10)
        told.append(invitations.invite(account=account, emails=[invitation.email], read_only=False, by=ada.user))
        invited.set()

    told = []
    errors = both_at_once(accept, invite)

    assert errors == [None, None]
    assert [each.teammates for each in told] == [["new@shop.example"]]
    assert Invitation.objects.get().accepted_at is not None
