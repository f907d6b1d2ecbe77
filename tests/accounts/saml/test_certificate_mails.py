"""People with full access are told by mail 30, 7 and 1 days before a provider's last certificate ends, each once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.jobs import certificates
from accounts.models import Activity
from accounts.sso import certificate_mails
from accounts.sso.saml_certificates import last_end
from common import jobs
from tests.accounts.saml.provider import SamlProvider, key_pair
from tests.accounts.saml.test_flow import make_saml_provider
from tests.factories import AccountFactory, MembershipFactory
from tests.mailbox import text_of

REAL_NOW = timezone.now


@pytest.fixture
def before_the_end(monkeypatch):
    """`before_the_end(provider, days)`: run the job so many days before its last certificate ends."""

    def run(provider, days):
        now = last_end(provider) - timedelta(days=days)
        monkeypatch.setattr(timezone, "now", lambda: now)
        certificates(0)
        monkeypatch.setattr(timezone, "now", REAL_NOW)

    return run


def test_each_is_sent_once_to_people_with_full_access(mailbox, account, ada, before_the_end):
    MembershipFactory(account=account, read_only=True)
    off = AccountFactory()
    make_saml_provider(account)
    provider = account.identity_providers.get()
    make_saml_provider(off, SamlProvider(entity_id="https://off.example"), switched_on_at=None)
    MembershipFactory(account=off)

    for days in (31, 30, 29, 8, 7, 6.9, 2, 1, 0.5, 0, -1):
        before_the_end(provider, days)
        provider.name = f"Works {days}"  # another name is no other certificate
        provider.save(update_fields=["name"])
    mailbox.work()

    assert [each["To"] for each in mailbox.messages] == [ada.user.email] * 3
    assert sorted(each["Subject"].rpartition("ends in ")[2] for each in mailbox.messages) == [
        "1 day",
        "30 days",
        "7 days",
    ]
    words = text_of(mailbox.messages[0])
    assert f"/account/{account.pk}/single-sign-on/provider/{provider.pk}/" in words
    assert f"{last_end(provider):%-d %B %Y}" in words
    assert Activity.objects.filter(verb="sso.certificate_ends", account=account).count() == 3


def test_nobody_is_told_of_a_certificate_beside_a_later_one_nor_of_a_closed_account(
    mailbox, account, ada, before_the_end
):
    provider = make_saml_provider(account)
    last = last_end(provider)
    provider.certificates = [*provider.certificates, key_pair(days=2000)[1]]
    provider.save(update_fields=["certificates"])
    certificate_mails.warn()
    provider.certificates = provider.certificates[:1]
    provider.save(update_fields=["certificates"])
    account.closed_at = timezone.now()
    account.save(update_fields=["closed_at"])

    before_the_end(provider, 5)
    mailbox.work()

    assert last == last_end(provider)
    assert mailbox.messages == []
    assert not Activity.objects.filter(verb="sso.certificate_ends").exists()


def test_a_stop_in_the_middle_sends_them_later(mailbox, account, ada, before_the_end, monkeypatch):
    """The row and the mails are stored together: whoever is killed between them has stored neither."""
    provider = make_saml_provider(account)
    real = jobs.defer
    monkeypatch.setattr(jobs, "defer", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        before_the_end(provider, 5)
    monkeypatch.setattr(timezone, "now", REAL_NOW)
    monkeypatch.setattr(jobs, "defer", real)

    before_the_end(provider, 5)
    mailbox.work()

    assert len(mailbox.messages) == 1
