"""An account with rows in every table that can hold rows of an account."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone
from psycopg import sql
from psycopg.types.json import Jsonb

from accounts import activity
from accounts.models import Account, Invitation, Membership
from analytics.alerts.models import Alert, AlertChange, AlertDelivery, AlertRecipient
from analytics.labelling import tickets
from analytics.labelling.models import ConfirmedSite
from analytics.models import Dashboard, Definition, NameNote, Pin, Report, ReportKind, Segment
from collector.models import CollectedHour
from ipfilter.models import ExcludedIP, ExcludedIPList, KeptOut
from projects.tables import account_tables, any_of, conditions, read_schema, scope_of
from support.models import AccountExport, ExportPart, Message, Reply, SupportAccess, Visit
from tests.accounts.factories import (
    IdentityProviderFactory,
    SamlAnswerFactory,
    ScimPersonFactory,
    ScimTokenFactory,
    SsoDomainFactory,
    SsoIdentityFactory,
    WayBackFactory,
)
from tests.analytics.alerts.factories import AlertFactory, WebhookFactory
from tests.analytics.factories import SharedLinkFactory
from tests.analytics.subscriptions.factories import SendingFactory
from tests.factories import (
    ApiKeyFactory,
    ApiTokenFactory,
    DeletionRequestFactory,
    EnvironmentFactory,
    MembershipFactory,
    ProjectFactory,
    ProjectRoleFactory,
)

EVENTS = """
insert into events (environment_id, time, actor_id, session_id, kind, name, properties)
select %(environment)s, %(newest)s::timestamptz - n * %(apart)s::interval, n %% 100, n %% 500, 'custom', 'Signed up',
    jsonb_build_object('plan', 'p' || n %% 5)
from generate_series(1, %(events)s) n
"""
PEOPLE = """
insert into people (environment_id, actor_id, identity, properties, first_seen_at, last_seen_at)
select %(environment)s, -n, 'person-' || n, '{}', now(), now() from generate_series(1, 100) n
"""
MERGES = """
insert into merges (environment_id, from_actor, to_actor) select %(environment)s, n, -n from generate_series(1, 50) n
"""
CUSTOMERS = """
insert into customers (environment_id, account_id, first_seen_at, last_seen_at)
select %(environment)s, 'customer-' || n, now(), now() from generate_series(1, 20) n
"""
KEYS = """
insert into idempotency_keys (environment_id, digest)
select %(environment)s, gen_random_uuid() from generate_series(1, 30)
"""


def make_account(name: str = "Shop", *, events: int = 2_000, span: timedelta = timedelta(days=200)) -> Account:
    """An account with two environments, two teammates of its own, and rows everywhere."""
    environment = EnvironmentFactory(project__account__name=name)
    account = environment.project.account
    second = EnvironmentFactory(project=ProjectFactory(account=account))
    member = MembershipFactory(account=account).user
    reader = MembershipFactory(account=account, read_only=True, invited_by=member)
    ProjectRoleFactory(project=environment.project, membership=reader)
    for each in (environment, second):
        collect(each.pk, events=events, span=span)
        _define(each, member)
    _settings(account, environment, member)
    _support(account, environment, member)
    provider = IdentityProviderFactory(account=account)
    SsoIdentityFactory(provider=provider, user=member)
    SamlAnswerFactory(provider=provider)
    SsoDomainFactory(account=account)
    WayBackFactory(membership=account.memberships.get(user=member))
    fill_the_rest(account)
    return account


def collect(environment_id: int, *, events: int, span: timedelta, people: bool = True) -> None:
    values = {
        "environment": environment_id,
        "events": events,
        "apart": span / max(events, 1),
        "newest": datetime.now(UTC),
    }
    with connection.cursor() as cursor:
        for statement in (EVENTS, PEOPLE, MERGES, CUSTOMERS, KEYS) if people else (EVENTS,):
            cursor.execute(statement, values)


def _define(environment, member):
    Definition.objects.create(environment=environment, name="Signed up", created_by=member)
    Segment.objects.create(environment=environment, name="Everybody", created_by=member)
    kind = ReportKind.values[0]
    report = Report.objects.create(environment=environment, name="Signups", kind=kind, created_by=member)
    Pin.objects.create(environment=environment, report=report, position=1)
    Dashboard.objects.create(environment=environment, name="Overview", created_by=member)
    NameNote.objects.create(environment=environment, kind="event", name="Signed up", changed_by=member)
    site = ConfirmedSite.objects.create(environment=environment, origin="https://shop.example", confirmed_by=member)
    tickets.give(site=site, user=member, session_key="key")
    SharedLinkFactory(shown=report, created_by=member)
    _watch(environment, report)


def _watch(environment, report):
    """An alert that has fired, told to a teammate and to a webhook."""
    alert = AlertFactory(environment=environment, lineage=report.lineage)
    webhook = WebhookFactory(environment=environment)
    alert.webhooks.add(webhook)
    change = AlertChange.objects.create(alert=alert, interval_end=timezone.now(), change="fired", told={})
    AlertDelivery.objects.create(change=change, webhook=webhook)


def _settings(account, environment, member):
    rules = ExcludedIPList.objects.create(account=account, text="10.1.*", saved_by=member)
    rule = ExcludedIP.objects.create(list=rules, canonical="10.1.0.0/16", source="10.1.*", position=0)
    KeptOut.objects.create(rule=rule, environment=environment, day="2026-01-01", count=3, last_at=timezone.now())
    hour = {"hour": datetime(2026, 1, 1, 9, tzinfo=UTC), "last_at": timezone.now()}
    count = {"outcome": "accepted", "requests": 2, "events": 3, "last_seconds": 0.01, "slowest_seconds": 0.02}
    CollectedHour.objects.create(environment=environment, **hour, **count)
    ScimTokenFactory(account=account, created_by=member)
    ScimPersonFactory(account=account, user=member)
    Invitation.objects.create(
        account=account,
        email=f"new{account.pk}@shop.example",
        nonce="n",
        digest=f"digest{account.pk}",
        expires_at=timezone.now(),
    )
    activity.record(account=account, by=member, verb="project.create", target="Shop")
    key = ApiKeyFactory(project=environment.project, created_by=member)
    ApiTokenFactory(project=environment.project, membership=Membership.objects.get(account=account, user=member))
    membership = Membership.objects.get(account=account, user=member)
    AlertRecipient.objects.create(alert=Alert.objects.filter(environment=environment).get(), membership=membership)
    SendingFactory(
        subscription__environment=environment,
        subscription__membership=account.memberships.get(user=member),
        subscription__due_at=timezone.now() + timedelta(days=99),  # workers of tests leave it alone
        done_at=timezone.now(),
    )
    DeletionRequestFactory(api_key=key).targets.create(identity="person-1")


def _support(account, environment, member):
    message = Message.objects.create(account=account, environment=environment, by=member, email=member.email, text="Hi")
    Reply.objects.create(message=message, by_name="Grace", text="Hello")
    Message.objects.create(email=member.email, text="Written while signed out")
    export = AccountExport.objects.create(account=account, asked_by=member)
    ExportPart.objects.create(export=export, number=0, content=b"x")
    SupportAccess.objects.create(account=account)
    now = timezone.now()
    Visit.objects.create(account=account, by_name="Grace", reason="r", session_digest="d", started_at=now, ends_at=now)


VALUES = {  # a value of each type, for columns that are required and have no default
    "bigint": 1,
    "integer": 1,
    "smallint": 1,
    "boolean": False,
    "jsonb": Jsonb({}),
    "bytea": b"x",
    "date": "2026-01-01",
    "timestamp with time zone": "2026-01-01 00:00:00+00",
    "text[]": ["x"],
    "bigint[]": [1],
    "uuid": "00000000-0000-0000-0000-000000000001",
    "inet": "192.0.2.1",
}
LATER = {"ends": "2026-01-02 00:00:00+00"}  # values that must be greater than another column
REQUIRED = """
select attname, format_type(atttypid, null) from pg_attribute
where attrelid = %s::regclass and attnum > 0 and not attisdropped and attnotnull and not atthasdef and attidentity = ''
"""


def fill_the_rest(account: Account) -> None:
    """Make a row in each table that is still empty, such as a table that is newer than this file.

    The required columns are read from the schema. If that is not enough for a new table, make its row by hand above.
    """
    schema = read_schema()
    empty = {table for table, rows in rows_of(account).items() if not rows}
    for table in reversed(account_tables(schema)):
        if table.name in empty:
            _insert_something(table, schema, account)


def _insert_something(table, schema, account):
    with connection.cursor() as cursor:
        cursor.execute(REQUIRED, [table.name])
        row = {column: LATER.get(column, VALUES.get(kind, "x")) for column, kind in cursor.fetchall()}
        for key in [key for key in schema.keys if key.table == table.name and (key.column in row or key in table.keys)]:
            cursor.execute(_some_value(key, account))
            row[key.column] = cursor.fetchone()[0]
        columns = sql.SQL(", ").join(map(sql.Identifier, row))
        places = sql.SQL(", ").join(sql.Placeholder() * len(row))
        statement = sql.SQL("insert into {} ({}) values ({})").format(sql.Identifier(table.name), columns, places)
        cursor.execute(statement, list(row.values()))


def _some_value(key, account):
    """A query for a value that this key may hold. If the parent is an account's table, the value is of `account`."""
    tables = {table.name: table for table in account_tables(read_schema())}
    own = sql.SQL("true")
    if key.parent in tables:
        own = any_of(conditions(tables[key.parent], tables, scope_of(account.pk)))
    question = sql.SQL("select {} from {} where {} limit 1")
    return question.format(sql.Identifier(key.parent_column), sql.Identifier(key.parent), own)


def rows_of(account: Account) -> dict[str, int]:
    """{table: rows of the account} as projects/tables.py defines them, empty tables included."""
    return {name: found[0] for name, found in _ask(account, "count(*)").items()}


def checksums_of(account: Account) -> dict[str, str]:
    """{table: a digest of all of the account's rows}."""
    question = "md5(coalesce(string_agg(digest, '' order by digest), '')) from (select md5({table}::text) digest"
    return {name: found[0] for name, found in _ask(account, question, closing=") rows").items()}


def _ask(account, what, closing=""):
    tables = account_tables(read_schema())
    by_name = {table.name: table for table in tables}
    scope = scope_of(account.pk)
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            question = sql.SQL("select " + what + " from {table} where {condition}" + closing)
            condition = any_of(conditions(table, by_name, scope))
            cursor.execute(question.format(table=sql.Identifier(table.name), condition=condition))
            found[table.name] = cursor.fetchone()
    return found
