"""What passes for an access token: for five minutes, and nothing else that the same key has signed."""

import pytest
from django.core import signing

from collector.request import access_tokens
from tests.factories import ApiKeyFactory

pytestmark = pytest.mark.django_db
STATUS = "/api/public/v0/deletion_status/1"


def answers(client, token) -> int:
    """401 when the token is refused, 404 when it is not: there is no such deletion."""
    return client.get(STATUS, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.fixture
def key():
    return ApiKeyFactory()


def test_a_token_names_its_key(client, key):
    token = access_tokens.issue(key)

    assert access_tokens.key_id(token) == key.pk
    assert answers(client, token) == 404


@pytest.mark.parametrize(("seconds", "status"), [(0, 404), (299, 404), (301, 401)])
def test_a_token_lives_for_five_minutes(client, key, monkeypatch, seconds, status):
    token = access_tokens.issue(key)
    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + seconds)

    assert answers(client, token) == status


def test_other_things_signed_with_the_same_key_are_no_tokens(client, key):
    others = [
        signing.dumps(key.pk),
        signing.dumps(key.pk, salt="collector.access_token"),
        signing.TimestampSigner(sep=".").sign_object(key.pk),
        signing.TimestampSigner(sep=".", salt="accounts.anything").sign_object(key.pk),
    ]

    assert [answers(client, other) for other in others] == [401] * 4


def test_a_token_opens_nothing_that_is_signed_for_another_purpose(key):
    token = access_tokens.issue(key)

    with pytest.raises(signing.BadSignature):
        signing.TimestampSigner(sep=".").unsign_object(token)
    with pytest.raises(signing.BadSignature):
        signing.loads(token)


def test_a_token_is_what_a_header_may_hold(key):
    assert all(character.isalnum() or character in "-._" for character in access_tokens.issue(key))


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "\u00e9.\u00e9.\u00e9", "x" * 5_000])
def test_noise_is_no_token(client, token):
    assert answers(client, token) == 401


def test_a_key_that_is_gone_is_refused(client, key):
    token = access_tokens.issue(key)
    key.delete()

    assert answers(client, token) == 401
