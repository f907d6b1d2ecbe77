"""What is known of the backups that the schedule makes: the last good one, what failed since, and if it is old."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from django.conf import settings

from support.status.models import BackupKind

PERIODS = {BackupKind.DUMP: timedelta(days=1), BackupKind.BASE: timedelta(days=7)}
LATE_AFTER = 2  # periods
AHEAD = timedelta(hours=1)  # so much later than now a clock may be; what began later yet is of one that was wrong
NAMES = {BackupKind.DUMP: "backup", BackupKind.BASE: "base backup"}

LAST_GOOD = """
select started_at, bytes, name from support_backup
 where kind = %s and bytes is not null and lost_at is null and started_at <= now() + %s
 order by started_at desc limit 1
"""
FAILED_SINCE = """
select problem from support_backup
 where kind = %s and problem <> '' and started_at > coalesce(%s::timestamptz, '-infinity') and started_at <= now() + %s
 order by started_at desc limit 1
"""
ARCHIVER_FAILS = "select last_failed_time > coalesce(last_archived_time, '-infinity') from pg_stat_archiver"


@dataclass(frozen=True)
class BackupNews:
    """About one kind. `at`, `bytes` and `name` are of the last good one, if any; `problem` is of a failure since."""

    kind: BackupKind
    at: datetime | None
    bytes: int | None
    name: str
    problem: str

    @property
    def what(self) -> str:
        return NAMES[self.kind]

    def age(self, now: datetime) -> timedelta | None:
        return None if self.at is None else max(now - self.at, timedelta())

    def warning(self, now: datetime) -> str:
        """A sentence if the last good one is older than two periods, or there is none; else ''."""
        what, age = self.what, self.age(now)
        if age is None:
            return f"There is no {what} yet{': the last try failed' if self.problem else ''}."
        return f"The last {what} is {age.days} days old." if age > LATE_AFTER * PERIODS[self.kind] else ""


def wanted() -> list[BackupKind]:
    """The kinds that the settings ask for."""
    archives = settings.PRIVATE_DATABASE and settings.WAL_ARCHIVE_DIR is not None
    return [BackupKind.DUMP] * (settings.BACKUP_DIR is not None) + [BackupKind.BASE] * archives


def news(connection: psycopg.Connection) -> list[BackupNews]:
    """Of each kind that is wanted. Raises psycopg.Error."""
    return [_news_of(connection, kind) for kind in wanted()]


def _news_of(connection: psycopg.Connection, kind: BackupKind) -> BackupNews:
    at, size, name = connection.execute(LAST_GOOD, [kind.value, AHEAD]).fetchone() or (None, None, "")
    failed = connection.execute(FAILED_SINCE, [kind.value, at, AHEAD]).fetchone()
    return BackupNews(kind, at, size, name, failed[0] if failed else "")


def archiving_fails(connection: psycopg.Connection) -> bool:
    """Whether the private database is to archive what it writes, and could not, the last time. Raises psycopg.Error."""
    if BackupKind.BASE not in wanted():
        return False
    row = connection.execute(ARCHIVER_FAILS).fetchone()
    return bool(row and row[0])


def warning(connection: psycopg.Connection, now: datetime) -> str:
    """What is wrong with backups, in sentences; '' if nothing is. Raises psycopg.Error."""
    found = [each.warning(now) for each in news(connection)]
    if archiving_fails(connection):
        found.append("What the database writes cannot be archived.")
    return " ".join(words for words in found if words)
