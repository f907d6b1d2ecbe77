"""Support's rows with the least that is valid."""

from datetime import UTC, date, datetime, timedelta

import factory
from django.utils import timezone

from support.models import (
    AccountExport,
    Backup,
    Closing,
    Day,
    ExportPart,
    Incident,
    IncidentUpdate,
    Message,
    Reply,
    Sample,
    Visit,
)
from tests.factories import AccountFactory


class MessageFactory(factory.django.DjangoModelFactory):
    """A message written while signed out."""

    class Meta:
        model = Message

    email = "ada@shop.example"
    text = "Hello"


class ReplyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Reply

    message = factory.SubFactory(MessageFactory)
    by_name = "Grace"
    text = "Hello"


class SampleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Sample

    component = "console"
    at = datetime(2026, 1, 1, tzinfo=UTC)
    state = 0


class BackupFactory(factory.django.DjangoModelFactory):
    """One that runs."""

    class Meta:
        model = Backup

    kind = "dump"
    name = "nightly-2026-01-01-023700.backup"
    started_at = datetime(2026, 1, 1, tzinfo=UTC)


class DayFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Day

    component = "console"
    on = date(2026, 1, 1)


class IncidentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Incident

    title = "Slow questions"


class IncidentUpdateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IncidentUpdate

    incident = factory.SubFactory(IncidentFactory)
    text = "We are looking into it."


class ClosingFactory(factory.django.DjangoModelFactory):
    """A closing in its grace period."""

    class Meta:
        model = Closing

    account_number = factory.Sequence(lambda n: 10**9 + n)
    grace_days = 30
    closed_at = factory.LazyFunction(timezone.now)
    grace_until = factory.LazyAttribute(lambda closing: closing.closed_at + timedelta(days=closing.grace_days))


class AccountExportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AccountExport

    account = factory.SubFactory(AccountFactory)
    nonce = "nonce"


class ExportPartFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ExportPart

    export = factory.SubFactory(AccountExportFactory)
    number = 0
    content = b"x"


class VisitFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Visit

    account = factory.SubFactory(AccountFactory)
    by_name = "Grace"
    reason = "The funnel looks wrong"
    session_digest = "digest"
    started_at = factory.LazyFunction(timezone.now)
    ends_at = factory.LazyAttribute(lambda visit: visit.started_at + timedelta(minutes=30))
