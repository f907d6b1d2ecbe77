"""Support's jobs. Each takes ids, and checks again that the rows are still in the state that the job is for."""

from django.conf import settings
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from accounts.models import Membership, User
from common import mails
from common.jobs import LONG, LOW, MAIL, MAIL_RETRY, SLICE_SECONDS, defer_once
from support.closing import purge as purging
from support.closing.mail import closed_mail
from support.closing.models import Closing, ClosingState
from support.exports import writer
from support.exports.actions import expire, recipients
from support.exports.mail import ready_mail
from support.exports.models import AccountExport, ExportState
from support.status import database, room
from support.status.checks import base_url, check
from support.talk.mail import message_mail, reply_mail
from support.talk.models import Message, Reply

# --- Talk to Us ---------------------------------------------------------------------------------------------------


@app.task(name="support.mail_message", queue=MAIL, retry=MAIL_RETRY)
def mail_message(message_id: int) -> None:
    """Mail a message to SUPPORT_EMAIL, if that is set and the message was not mailed yet."""
    message = Message.objects.filter(pk=message_id, mailed_at=None).select_related("account", "environment").first()
    if message is None or not settings.SUPPORT_EMAIL:
        return
    message_mail(message).send()
    if mails.is_set_up():
        Message.objects.filter(pk=message_id).update(mailed_at=timezone.now())


@app.task(name="support.mail_reply", queue=MAIL, retry=MAIL_RETRY)
def mail_reply(reply_id: int) -> None:
    """Mail support's answer to the writer, if it was not mailed yet."""
    reply = Reply.objects.filter(pk=reply_id, mailed_at=None).select_related("message", "by").first()
    if reply is None:
        return
    reply_mail(reply).send()
    if mails.is_set_up():
        Reply.objects.filter(pk=reply_id).update(mailed_at=timezone.now())


# --- Closing accounts ---------------------------------------------------------------------------------------------

AGAIN_SECONDS = 3


@app.task(name="support.mail_closed", queue=MAIL, retry=MAIL_RETRY)
def mail_closed(closing_id: int, user_id: int) -> None:
    """Mail a full-access teammate that their account is closed, and until when it can be reopened."""
    closing = Closing.objects.under_way().filter(pk=closing_id).first()
    if closing is None:
        return
    places = Membership.objects.full_access().filter(account_id=closing.account_number, user_id=user_id)
    if place := places.select_related("user").first():
        closed_mail(closing, place.user).send()


@app.task(name="support.purge", queue=LONG, priority=LOW)
def purge(closing_id: int) -> None:
    """Remove some more rows of a closed account. Runs again until none are left."""
    try:
        if not purging.run(closing_id, seconds=SLICE_SECONDS):
            defer_once("support.purge", closing_id=closing_id)
    except purging.Unfinished:
        defer_once("support.purge", in_seconds=AGAIN_SECONDS, closing_id=closing_id)


@app.periodic(cron="* * * * *")
@app.task(name="support.closings", queueing_lock="support.closings", pass_context=False)
def closings(timestamp: int) -> None:
    """Start the purges whose grace period is over, and restart those whose worker died."""
    due = Closing.objects.filter(state=ClosingState.GRACE, grace_until__lte=timezone.now())
    for closing_id in (due | Closing.objects.filter(state=ClosingState.PURGING)).values_list("pk", flat=True):
        defer_once("support.purge", closing_id=closing_id)


# --- Exports ------------------------------------------------------------------------------------------------------


@app.task(name="support.export_account", queue=LONG, priority=LOW)
def export_account(export_id: int) -> None:
    """Write some more of an export. Runs again until it is ready."""
    if not writer.run(export_id, seconds=SLICE_SECONDS):
        defer_once("support.export_account", export_id=export_id)


@app.task(name="support.mail_export", queue=MAIL, retry=MAIL_RETRY)
def mail_export(export_id: int, user_id: int) -> None:
    """Mail the link of a finished export to a person who may fetch it."""
    export = AccountExport.objects.select_related("account").filter(pk=export_id, state=ExportState.READY).first()
    if export is not None and (user := recipients(export).filter(pk=user_id).first()):
        ready_mail(export, user).send()


@app.periodic(cron="7 * * * *")
@app.task(name="support.exports", queueing_lock="support.exports", pass_context=False)
def exports(timestamp: int) -> None:
    """Remove exports whose link has expired, and continue those whose worker died."""
    expire()
    unfinished = AccountExport.objects.filter(state__in=[ExportState.WAITING, ExportState.RUNNING])
    for export_id in unfinished.values_list("pk", flat=True):
        defer_once("support.export_account", export_id=export_id)


# --- The status page ----------------------------------------------------------------------------------------------


@app.periodic(cron="* * * * *")
@app.task(name="support.check_status", queueing_lock="support.check_status", pass_context=False)
def check_status(timestamp: int) -> None:
    """Use every part of the service as people and programs do, and store the results."""
    check(base_url(), timezone.now())


@app.periodic(cron="30 6 * * *")
@app.task(name="support.warn_of_full_disk", queueing_lock="support.warn_of_full_disk", pass_context=False)
def warn_of_full_disk(timestamp: int) -> None:
    """Have staff told by mail, each day, while the disk is full within a week."""
    with database.own_connection() as connection:
        if room.warning(room.measure(connection), room.MAIL_DAYS):
            for user_id in User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True):
                defer_once("support.mail_full_disk", user_id=user_id)


@app.task(name="support.mail_full_disk", queue=MAIL, retry=MAIL_RETRY)
def mail_full_disk(user_id: int) -> None:
    """Mail one of the staff how much room there is, unless there is enough by now."""
    user = User.objects.filter(pk=user_id, is_staff=True, is_active=True).first()
    with database.own_connection() as connection:
        left = room.measure(connection)
    if user is not None and (warning := room.warning(left, room.MAIL_DAYS)):
        mails.render("full_disk", {"warning": warning, "room": left}).message(user.email).send()


# --- Jobs whose worker died, and jobs of a wrong clock ------------------------------------------------------------

# No job puts itself off for longer than some hours. One that did so by a clock that was a year ahead for a minute would
# wait for a year, and keep away all like it meanwhile.
LATEST = "update procrastinate_jobs set scheduled_at = now() where status = 'todo' and scheduled_at > now() + '1 day'"


@app.periodic(cron="*/2 * * * *")
@app.task(name="support.rescue_jobs", queueing_lock="support.rescue_jobs", pass_context=False)
async def rescue_jobs(timestamp: int) -> None:
    """Hand the jobs of a killed worker to another one, and let those begin that a wrong clock put off.

    Each job checks what is already done.
    """
    await app.job_manager.connector.execute_query_async(LATEST)
    for job in await app.job_manager.get_stalled_jobs():
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:  # one like it waits already, and will do its work
            await app.job_manager.finish_job(job, Status.ABORTED, delete_job=False)


@app.periodic(cron="23 3 * * *")
@app.task(name="support.forget_jobs", queueing_lock="support.forget_jobs", pass_context=False)
async def forget_jobs(timestamp: int) -> None:
    """Remove jobs that ended three days ago: their arguments may name people."""
    await app.job_manager.delete_old_jobs(
        nb_hours=72, include_failed=True, include_cancelled=True, include_aborted=True
    )
