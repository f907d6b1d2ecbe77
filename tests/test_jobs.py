"""Jobs, asked for by name: each name is known, and those that may wait in somebody's database stay."""

import ast
import inspect

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from common.jobs import app, defer, defer_once
from support.jobs import rescue_jobs
from tests.test_conventions import OUR_APPS

# What a job of an installed version waits under, and with which arguments. One that is renamed, or takes others, would
# leave what waits in the queue undone: make a new job beside it instead, and remove the old one a release later.
JOBS = {
    "accounts.certificates": ("timestamp",),
    "accounts.expired": ("timestamp",),
    "accounts.mail_teammate": ("account_id", "user_id", "template", "context", "reply_to"),
    "accounts.send_address_confirmation": ("address_id", "signup"),
    "accounts.send_domain_proof": ("domain_id", "nonce"),
    "accounts.send_email_change": ("change_id", "nonce", "side"),
    "accounts.send_invitation": ("invitation_id", "nonce"),
    "accounts.send_mail": ("template", "to", "context", "reply_to"),
    "accounts.send_password_reset": ("user_id", "to"),
    "analytics.ask_to_confirm": ("subscription_id",),
    "analytics.count_days": ("timestamp",),
    "analytics.erase_person": ("environment_id", "actor_id", "by_id"),
    "analytics.expire": ("timestamp", "after"),
    "analytics.expire_nightly": ("timestamp",),
    "analytics.forget_alerts": ("timestamp",),
    "analytics.forget_subscriptions": ("timestamp",),
    "analytics.judge": ("after",),
    "analytics.judge_alerts": ("timestamp",),
    "analytics.look": ("timestamp", "after"),
    "analytics.look_nightly": ("timestamp",),
    "analytics.mail_alert": ("delivery_id",),
    "analytics.send_webhooks": ("timestamp",),
    "analytics.plan_subscriptions": ("timestamp",),
    "analytics.send_subscriptions": ("part",),
    "collector.delete_people": ("request_id",),
    "collector.deletions": ("timestamp",),
    "collector.old_hours": ("timestamp",),
    "events.catalogue": ("timestamp",),
    "events.idempotency_keys": ("timestamp",),
    "events.months": ("timestamp",),
    "events.move_months": ("after",),
    "events.pack": ("timestamp", "after"),
    "events.pack_month": ("timestamp", "table", "step"),
    "events.partitions": ("timestamp",),
    "events.place_month": ("timestamp", "table", "until"),
    "events.recount": ("environment_id", "month"),
    "heapadmin.backups": ("timestamp",),
    "projects.removals": ("timestamp",),
    "projects.remove": ("removal_id",),
    "support.check_status": ("timestamp",),
    "support.closings": ("timestamp",),
    "support.export_account": ("export_id",),
    "support.exports": ("timestamp",),
    "support.forget_jobs": ("timestamp",),
    "support.mail_closed": ("closing_id", "user_id"),
    "support.mail_export": ("export_id", "user_id"),
    "support.mail_full_disk": ("user_id",),
    "support.mail_message": ("message_id",),
    "support.mail_reply": ("reply_id",),
    "support.purge": ("closing_id",),
    "support.rescue_jobs": ("timestamp",),
    "support.warn_of_full_disk": ("timestamp",),
}
DEFERRING = {"defer", "defer_once", "jobs.defer", "jobs.defer_once"}


def calls():
    """Every place that asks for a job: where it is, the name, the arguments."""
    for file in sorted(path for label in OUR_APPS for path in (settings.BASE_DIR / label).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in DEFERRING:
                place = f"{file.relative_to(settings.BASE_DIR)}:{node.lineno}"
                given = {each.arg for each in node.keywords} - {"in_seconds"}
                yield pytest.param(*(ast.literal_eval(each) for each in node.args), given, id=place)


def test_names_and_arguments_of_jobs_stay():
    found = {
        name: tuple(inspect.signature(task.func).parameters)
        for name, task in app.tasks.items()
        if task.func.__module__.partition(".")[0] in [*OUR_APPS, "heapadmin"]
    }

    assert found == JOBS


def test_every_job_is_in_the_jobs_of_its_app():
    for name in JOBS:
        assert app.tasks[name].func.__module__ == f"{name.partition('.')[0]}.jobs"


@pytest.mark.parametrize(("name", "given"), list(calls()))
def test_what_is_asked_for_exists_and_takes_these_arguments(name, given):
    parameters = inspect.signature(app.tasks[name].func).parameters
    required = {each.name for each in parameters.values() if each.default is each.empty}

    assert required <= given <= set(parameters)


def test_jobs_are_asked_for_somewhere():
    asked = {param.values[0] for param in calls()}
    by_the_clock = {name for name, arguments in JOBS.items() if arguments == ("timestamp",)}

    assert asked | by_the_clock == set(JOBS)


@pytest.mark.django_db
class TestAsking:
    def waiting(self):
        return list(ProcrastinateJob.objects.order_by("id").values_list("task_name", "args"))

    @pytest.mark.parametrize("ask", [defer, defer_once])
    def test_a_name_that_no_app_knows_is_an_error(self, ask):
        with pytest.raises(KeyError), transaction.atomic():
            ask("support.prune", closing_id=1)

        assert self.waiting() == []

    def test_the_queue_and_the_priority_are_those_of_the_job(self):
        defer_once("support.purge", closing_id=1)

        job = ProcrastinateJob.objects.get()
        assert (job.queue_name, job.priority, job.scheduled_at) == ("long", -10, None)

    def test_once_means_once_with_these_arguments(self):
        for closing_id in (1, 2, 1):
            defer_once("support.purge", closing_id=closing_id)

        assert self.waiting() == [("support.purge", {"closing_id": 1}), ("support.purge", {"closing_id": 2})]

    def test_two_jobs_with_one_argument_do_not_keep_each_other_out(self):
        defer_once("support.purge", closing_id=1)
        defer_once("projects.remove", removal_id=1)

        assert [name for name, _ in self.waiting()] == ["support.purge", "projects.remove"]

    def test_a_job_with_a_lock_of_its_own_waits_once_whatever_its_arguments(self):
        for timestamp in (1, 2):
            defer_once("analytics.count_days", timestamp=timestamp)

        assert self.waiting() == [("analytics.count_days", {"timestamp": 1})]

    def test_the_transaction_goes_on_after_one_that_waits_already(self):
        with transaction.atomic():
            defer_once("support.purge", closing_id=1)
            defer_once("support.purge", closing_id=1)
            defer("support.mail_reply", reply_id=1)

        assert [name for name, _ in self.waiting()] == ["support.purge", "support.mail_reply"]

    def test_it_can_wait_for_some_seconds(self):
        defer_once("support.purge", in_seconds=3, closing_id=1)

        assert ProcrastinateJob.objects.get().scheduled_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_was_wrong_keeps_no_job_waiting():
    """And with it all that are like it, since a job that is queued is not queued again: a year without packing."""
    task = app.tasks["analytics.count_days"]
    task.configure(schedule_in={"days": 365}).defer(timestamp=1)
    app.tasks["accounts.send_mail"].configure(schedule_in={"hours": 5}).defer()  # as long as a retry waits

    async_to_sync(rescue_jobs.func)(timestamp=0)

    jobs = ProcrastinateJob.objects.filter(scheduled_at__gt=timezone.now())
    assert [job.task_name for job in jobs] == ["accounts.send_mail"]


@pytest.mark.django_db(transaction=True)
def test_a_killed_job_like_one_that_waits_keeps_no_other_from_being_rescued():
    """Two that have one lock cannot wait both."""
    defer_once("analytics.count_days", timestamp=1)
    defer("accounts.send_mail")
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set status = 'doing'")
    defer_once("analytics.count_days", timestamp=2)

    async_to_sync(rescue_jobs.func)(timestamp=0)

    jobs = ProcrastinateJob.objects.order_by("id").values_list("task_name", "status")
    assert list(jobs) == [
        ("analytics.count_days", "aborted"),
        ("accounts.send_mail", "todo"),
        ("analytics.count_days", "todo"),
    ]
