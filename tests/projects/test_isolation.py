"""The database itself refuses a row that belongs to one environment or account and points into another."""

from collections import defaultdict

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from analytics.alerts.models import AlertChange, AlertDelivery, AlertRecipient
from analytics.models import Pin
from ipfilter.models import ExcludedIP, ExcludedIPList, KeptOut
from projects.tables import account_tables, read_schema
from support.models import Message
from tests.analytics.alerts.factories import AlertFactory, WebhookFactory
from tests.analytics.factories import ReportFactory
from tests.analytics.subscriptions.factories import SubscriptionFactory
from tests.constraints.rows import check_now
from tests.factories import ApiTokenFactory, EnvironmentFactory, MembershipFactory, ProjectRoleFactory

pytestmark = pytest.mark.django_db


def rule_of(account, environment=None):
    kept = ExcludedIPList.objects.create(account=account, environment=environment)
    return ExcludedIP.objects.create(list=kept, canonical="10.1.0.0/16", source="10.1.*", position=0)


def count_kept_out(rule, environment):
    KeptOut.objects.create(rule=rule, environment=environment, day="2026-01-01", count=1, last_at=timezone.now())


def pin_a_report_of(theirs, ours):
    Pin.objects.create(environment=ours, report=ReportFactory(environment=theirs), position=0)


def list_for_an_environment_of(theirs, ours):
    ExcludedIPList.objects.create(account=ours.project.account, environment=theirs)


def count_by_a_rule_of(theirs, ours):
    count_kept_out(rule_of(theirs.project.account, theirs), ours)


def write_about_an_environment_of(theirs, ours):
    Message.objects.create(account=ours.project.account, environment=theirs, email="a@shop.example", text="Hi")


def role_in_a_project_of(theirs, ours):
    ProjectRoleFactory(project=theirs.project, membership=MembershipFactory(account=ours.project.account))


def a_token_for_a_teammate_of(theirs, ours):
    ApiTokenFactory(project=ours.project, membership=MembershipFactory(account=theirs.project.account))


def an_alert_told_to_a_teammate_of(theirs, ours):
    AlertRecipient.objects.create(
        alert=AlertFactory(environment=ours), membership=MembershipFactory(account=theirs.project.account)
    )


def an_alert_told_to_a_webhook_of(theirs, ours):
    AlertFactory(environment=ours).webhooks.add(WebhookFactory(environment=theirs))


def a_delivery_to_a_webhook_of(theirs, ours):
    changed = AlertChange.objects.create(
        alert=AlertFactory(environment=ours), interval_end=timezone.now(), change="fired", told={}
    )
    AlertDelivery.objects.create(change=changed, webhook=WebhookFactory(environment=theirs))


def a_subscription_of_a_teammate_of(theirs, ours):
    SubscriptionFactory(environment=ours, membership=MembershipFactory(account=theirs.project.account))


STRADDLING = {  # tables that name two things that belong to somebody: a row that names those of two
    "analytics_alert_webhooks": an_alert_told_to_a_webhook_of,
    "analytics_alertdelivery": a_delivery_to_a_webhook_of,
    "analytics_alertrecipient": an_alert_told_to_a_teammate_of,
    "analytics_pin": pin_a_report_of,
    "analytics_subscription": a_subscription_of_a_teammate_of,
    "ipfilter_excludediplist": list_for_an_environment_of,
    "ipfilter_keptout": count_by_a_rule_of,
    "projects_projectrole": role_in_a_project_of,
    "projects_apitoken": a_token_for_a_teammate_of,
    "support_message": write_about_an_environment_of,
}
IN_ONE_ACCOUNT = [  # where two environments of one project are kept apart too
    "analytics_alert_webhooks",
    "analytics_alertdelivery",
    "analytics_pin",
    "ipfilter_keptout",
]


@pytest.mark.parametrize("table", STRADDLING)
def test_no_row_points_into_another_account(table):
    theirs, ours = EnvironmentFactory(), EnvironmentFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        STRADDLING[table](theirs, ours)
        check_now()


@pytest.mark.parametrize("table", IN_ONE_ACCOUNT)
def test_no_row_points_into_another_environment_of_the_project(table):
    theirs = EnvironmentFactory()
    ours = EnvironmentFactory(project=theirs.project, name="Staging", is_production=False)

    with pytest.raises(IntegrityError), transaction.atomic():
        STRADDLING[table](theirs, ours)
        check_now()


def test_every_table_that_could_straddle_is_tried():
    """Found in the schema: a table with two foreign keys to things of an account has a row above."""
    schema = read_schema()
    owned = {table.name for table in account_tables(schema)} | {"accounts_account"}
    columns = defaultdict(set)
    for key in schema.keys:
        if key.parent in owned and key.parent_column == "id":
            columns[key.table].add(key.column)

    assert {table for table, found in columns.items() if len(found) > 1} == set(STRADDLING)


def test_the_accounts_list_counts_in_each_of_its_environments():
    environment = EnvironmentFactory()

    count_kept_out(rule_of(environment.project.account), environment)

    assert KeptOut.objects.count() == 1
