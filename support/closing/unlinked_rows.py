"""Rows of an account that no foreign key links to it: logins, sessions, jobs, and messages written while signed out."""

from collections.abc import Iterable, Iterator

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection, models
from django.db.models import Q

from accounts.models import Membership, User
from projects.tables import AccountScope
from support.closing.models import Closing
from support.talk.models import Message

LOGINS_AT_ONCE = 50
SESSIONS_AT_ONCE = 2_000

# Tables that no foreign key links to an account, and why. Rows of a login are removed with it, by a foreign key.
UNLINKED_TABLES = {
    "accounts_user": "logins: removed with their last account, see remove_some_logins",
    "accounts_user_groups": "of a login",
    "accounts_user_user_permissions": "of a login",
    "accounts_emailchange": "of a login",
    "accounts_rescue": "of a login",
    "accounts_firstloginlink": "of the service, before anybody has a login",
    "account_emailaddress": "of a login",
    "account_emailconfirmation": "of a login",
    "mfa_authenticator": "of a login",
    "usersessions_usersession": "of a login",
    "django_session": "of a login: removed by remove_sessions",
    "procrastinate_jobs": "removed by remove_jobs",
    "procrastinate_events": "of a job",
    "procrastinate_periodic_defers": "of the service's own clock",
    "procrastinate_workers": "of the service",
    "cache_entries": "counters of attempts, under digests; gone after hours",
    "accounts_signinpause": "counters of attempts, under digests; bounded, the oldest go first",
    "auth_group": "of the service",
    "auth_group_permissions": "of the service",
    "auth_permission": "of the service",
    "django_admin_log": "what staff did, by numbers and without names",
    "django_content_type": "of the service",
    "django_migrations": "of the service",
    "projects_usedappid": "app_ids, which no other account ever gets; with the number of an account, and nothing else",
    "collector_sharedaddress": "addresses that look like a proxy, without whose",
    "support_backup": "of the service",
    "support_closing": "the receipt",
    "support_day": "of the service",
    "support_sample": "of the service",
    "support_incident": "of the service",
    "support_incidentupdate": "of the service",
}


def logins_that_go(account_id: int) -> list[int]:
    """Ids of the logins that belong to this account alone and are not staff."""
    elsewhere = Membership.objects.filter(user=models.OuterRef("pk")).exclude(account_id=account_id)
    found = User.objects.filter(memberships__account_id=account_id, is_staff=False, is_superuser=False)
    return list(found.filter(~models.Exists(elsewhere)).order_by("pk").values_list("pk", flat=True))


def remove_some_logins(closing: Closing) -> dict[str, int]:
    """Remove the next memberships, and the logins that belong to no other account. Returns {table: rows} removed.

    A login that joins another account at this moment stays: its row is locked before its memberships are read. The
    ids of removed logins are added to the closing's scope, because remove_sessions finds sessions only by them.
    """
    account_id = closing.account_number
    places = Membership.objects.filter(account_id=account_id).order_by("user_id")
    users = list(
        User.objects.select_for_update()
        .filter(pk__in=list(places.values_list("user_id", flat=True)[:LOGINS_AT_ONCE]))
        .order_by("pk")
    )
    going = set(logins_that_go(account_id))
    gone = [user for user in users if user.pk in going]
    addresses, numbers = [user.email for user in gone], [user.pk for user in gone]
    removed: dict[str, int] = {}
    _add(removed, Message.objects.filter(Q(by__in=gone) | Q(email__in=addresses), account=None).delete()[1])
    _add(removed, _delete_jobs(ABOUT_PERSON, [addresses, _texts(numbers)]))
    _add(removed, User.objects.filter(pk__in=numbers).delete()[1])
    _add(removed, Membership.objects.filter(account_id=account_id, user__in=users).delete()[1])
    closing.scope["accounts_user"] = closing.scope.get("accounts_user", []) + numbers
    return removed


def _add(removed: dict[str, int], counts: dict[str, int]) -> None:
    for name, count in counts.items():
        table = apps.get_model(name)._meta.db_table if "." in name else name
        if count:
            removed[table] = removed.get(table, 0) + count


# --- Jobs ---------------------------------------------------------------------------------------------------------

ABOUT_PERSON = "(args->>'to' = any(%s) or args->>'user_id' = any(%s))"
ABOUT_ACCOUNT = "(args->>'account_id' = any(%s) or args->>'project_id' = any(%s) or args->>'environment_id' = any(%s))"
# A running job is left alone for 15 minutes: it checks its ids again and ends by itself.
NOT_RUNNING = """(status <> 'doing' or coalesce((
    select max(at) from procrastinate_events event where event.job_id = procrastinate_jobs.id and event.type = 'started'
), '-infinity') < now() - interval '15 minutes')"""


def remove_jobs(scope: AccountScope) -> dict[str, int]:
    """Remove the jobs that name one of the account's ids, whether done or not."""
    return _delete_jobs(ABOUT_ACCOUNT, _numbers(scope))


def jobs_left(scope: AccountScope) -> bool:
    """Whether any job, running or not, names one of the account's ids."""
    with connection.cursor() as cursor:
        cursor.execute(f"select exists (select 1 from procrastinate_jobs where {ABOUT_ACCOUNT})", _numbers(scope))  # noqa: S608
        return bool(cursor.fetchone()[0])


def _delete_jobs(about: str, values: list[list[str]]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(f"delete from procrastinate_jobs where {NOT_RUNNING} and {about}", values)  # noqa: S608
        return {"procrastinate_jobs": cursor.rowcount} if cursor.rowcount else {}


def _numbers(scope: AccountScope) -> list[list[str]]:
    names = ("accounts_account", "projects_project", "projects_environment")
    return [_texts(scope.ids[name]) for name in names]


def _texts(numbers: Iterable[int]) -> list[str]:
    return [str(each) for each in numbers]


# --- Sessions -----------------------------------------------------------------------------------------------------


def remove_sessions(closing: Closing) -> dict[str, int]:
    """Remove the sessions of the removed logins. Every session has to be decoded, since only its data names a login."""
    gone = set(_texts(closing.scope.get("accounts_user", [])))
    if not gone:
        return {}
    theirs = [session.pk for session in _sessions() if session.get_decoded().get("_auth_user_id") in gone]
    removed = Session.objects.filter(pk__in=theirs).delete()[0]
    return {"django_session": removed} if removed else {}


def _sessions() -> Iterator[Session]:
    return Session.objects.order_by("pk").iterator(chunk_size=SESSIONS_AT_ONCE)
