"""Backups by the schedule: when one is due, that one is made at a time, and that a failure harms no good one."""

import stat
from datetime import UTC, datetime, time, timedelta

import psutil
import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from common.database import conninfo
from common.jobs import BACKUP
from heapadmin import jobs
from heapadmin.backups import dump, schedule
from heapadmin.database_metrics import DatabaseGauges
from support.models import Backup, BackupKind, Component, State
from support.status import backups, checks, database, history
from support.status.backups import BackupNews
from tests.heapadmin.running import eventually
from tests.servers import sibling_url
from tests.small_disk import small_disk
from tests.support.factories import BackupFactory
from tests.support.staff import staff_client

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

DUMP = BackupKind.DUMP
TUESDAY = datetime(2026, 3, 17, tzinfo=UTC)
NIGHT = time(2, 37, tzinfo=UTC)


@pytest.fixture
def folder(settings, tmp_path):
    settings.BACKUP_DIR, settings.BACKUP_AT, settings.BACKUPS_KEPT = tmp_path / "backups", NIGHT, 2
    return settings.BACKUP_DIR


def at(hour, minute=0, day=0):
    return TUESDAY + timedelta(days=day, hours=hour, minutes=minute)


def own(day):
    """The name of a file of this database."""
    return schedule.name_of(at(2, 37, day=day), schedule.mark())


def good(moment, **fields):
    return BackupFactory(started_at=moment, ended_at=moment, bytes=1_000, **fields)


def failed(moment):
    return BackupFactory(started_at=moment, ended_at=moment, problem="No room.")


class TestDue:
    @pytest.mark.parametrize(
        ("last", "now", "is_due"),
        [
            (at(2, 37), at(23), False),
            (at(2, 37), at(2, 36, day=1), False),
            (at(2, 37), at(2, 37, day=1), True),
            (at(2, 36), at(3, 37), True),
            (at(1), at(12), True),  # nothing ran at night
            (at(23, day=-1), at(2, 36), False),
        ],
    )
    def test_one_is_due_from_its_time_on_until_it_is_made(self, folder, last, now, is_due):
        good(last)

        assert schedule.due(now) == [DUMP] * is_due

    def test_the_first_is_due_at_once(self, folder):
        assert schedule.due(at(12)) == [DUMP]

    def test_one_that_failed_or_runs_is_tried_again_after_an_hour(self, folder):
        good(at(2, 37, day=-1))
        failed(at(2, 37))

        assert schedule.due(at(3, 36)) == []
        assert schedule.due(at(3, 38)) == [DUMP]
        BackupFactory(started_at=at(3, 38))
        assert schedule.due(at(4, 37)) == []

    def test_none_is_while_another_worker_makes_one_for_longer_than_an_hour(self, folder):
        BackupFactory(started_at=at(2, 37))

        with schedule._one_at_a_time():
            assert schedule.due(at(3, 38)) == []

        assert schedule.due(at(3, 38)) == [DUMP]

    @pytest.mark.parametrize("of", [good, failed])
    def test_what_a_wrong_clock_noted_of_the_future_holds_none_up(self, folder, of):
        of(at(12, day=400))

        assert schedule.due(at(12)) == [DUMP]
        good(at(12, 30))  # a clock may be a little ahead
        assert schedule.due(at(12)) == []

    def test_one_whose_file_is_lost_is_made_again(self, folder):
        lost = good(at(2, 37), name="nightly-lost.backup")

        schedule.note_lost(at(3))
        assert schedule.due(at(3)) == [DUMP]

        folder.mkdir()
        (folder / lost.name).touch()
        schedule.note_lost(at(3, 1))
        assert schedule.due(at(3, 1)) == []

    def test_without_a_folder_nothing_is(self, settings):
        assert schedule.due(at(12)) == []


class TestMaking:
    def test_it_is_noted_complete_and_private(self, folder):
        made = schedule.make(DUMP)

        [file] = folder.iterdir()
        assert (made.name, made.bytes, made.problem) == (file.name, file.stat().st_size, "")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert ("support", "0005_backups") in dump.migrations(file)
        assert schedule.due(timezone.now()) == []

    def test_no_session_waits_for_it_which_others_may_end(self, folder, monkeypatch):
        open_ones, write = [], dump.write
        monkeypatch.setattr(dump, "write", lambda file: open_ones.append(connection.connection) or write(file))

        schedule.make(DUMP)

        assert open_ones == [None]

    def test_it_waits_for_nobody_without_end_and_says_for_whom(self, folder, monkeypatch):
        monkeypatch.setattr(dump, "WAITS_SECONDS", 1)

        with psycopg.connect(conninfo()) as other:
            other.execute("lock table accounts_account")
            with pytest.raises(schedule.BackupFailed, match=f"In the way: process {other.info.backend_pid} of the dat"):
                schedule.make(DUMP)

        assert list(folder.iterdir()) == []
        assert len(Backup.objects.get().problem) < 200  # not the names of all tables

    def test_the_newest_are_kept_and_files_of_others_too(self, folder):
        folder.mkdir()
        of_another = {f"nightly-2026-03-{day}-023700-0badcafe.backup" for day in range(10, 20)}
        others = {"before-upgrade-2026-03-01.backup", "mine.backup", "nightly-2026-03-01-023700.backup", *of_another}
        others.add("nightly-2026-03-20-023700-0badcafe.backup.unfinished")
        oldest, newest, of_a_wrong_clock = own(day=-2), own(day=-1), own(day=4000)
        for name in (oldest, newest, of_a_wrong_clock, *others):
            (folder / name).touch()
        good(at(2, 37, day=-2), name=oldest)
        failed(at(2, 37, day=4000))

        made = schedule.make(DUMP)

        assert {file.name for file in folder.iterdir()} == {newest, made.name} | others
        assert list(Backup.objects.all()) == [made]

    def test_each_database_has_names_of_its_own(self, folder):
        here = own(day=0)
        with connection.cursor() as cursor:
            cursor.execute("create schema elsewhere")
            cursor.execute("set search_path to elsewhere, public")
            try:
                assert own(day=0) != here
            finally:
                cursor.execute("reset search_path")
                cursor.execute("drop schema elsewhere")

    def test_no_folder_is_made_where_its_disk_should_be(self, folder, settings):
        settings.BACKUP_DIR = folder / "mount" / "backups"

        with pytest.raises(schedule.BackupFailed, match="The folder above BACKUP_DIR is not there"):
            schedule.make(DUMP)
        assert not folder.exists()

    def test_a_folder_that_was_there_once_is_missed(self, folder):
        schedule.make(DUMP)
        folder.rename(folder.with_name("on a disk that is away"))

        with pytest.raises(schedule.BackupFailed, match=r"was there: .* mounted\? .* make the folder"):
            schedule.make(DUMP)
        assert not folder.exists()

        folder.mkdir()
        assert (folder / schedule.make(DUMP).name).exists()

    def test_what_a_killed_one_left_behind_is_removed_and_said(self, folder):
        folder.mkdir()
        (folder / f"{own(day=-1)}.unfinished").touch()
        killed = BackupFactory(started_at=at(2, 37))

        schedule.make(DUMP)

        assert [file.suffix for file in folder.iterdir()] == [".backup"]
        killed.refresh_from_db()
        assert killed.problem == schedule.KILLED

    def test_one_that_fails_is_said_and_deletes_no_good_one(self, folder, settings, caplog, monkeypatch):
        for hour in (2, 3):
            schedule.make(DUMP, now=lambda hour=hour: at(hour))
        files, settings.BACKUPS_KEPT = set(folder.iterdir()), 1
        monkeypatch.setattr(dump, "COMPRESSED", "--compress=nonsense")

        with pytest.raises(schedule.BackupFailed, match="pg_dump failed"):
            schedule.make(DUMP)

        assert set(folder.iterdir()) == files and len(files) == 2
        assert "The backup failed: pg_dump failed" in caplog.text
        assert Backup.objects.good().count() == 2
        [noted] = Backup.objects.exclude(problem="")
        assert noted.bytes is None and "pg_dump failed" in noted.problem

    def test_a_disk_without_room_is_said_before_it_is_full(self, folder, settings):
        with small_disk(megabytes=20) as disk:
            settings.BACKUP_DIR = disk.folder / "backups"

            with pytest.raises(schedule.BackupFailed, match=r"There is no room left in .*: \d+\.\d MiB are free"):
                schedule.make(DUMP)

            assert list(settings.BACKUP_DIR.iterdir()) == []

    def test_one_at_a_time(self, folder):
        with psycopg.connect(conninfo()) as other:
            other.execute("select pg_advisory_lock(%s)", [schedule.LOCK_NUMBER])

            with pytest.raises(CommandError, match="Another backup"):
                call_command("backup")

        assert not folder.exists() and not Backup.objects.exists()
        call_command("backup")
        assert len(list(folder.iterdir())) == 1


class TestJob:
    def test_the_worker_starts_one_that_is_due_and_no_second(self, folder, settings):
        given = {"DATABASE_URL": sibling_url(connection.settings_dict["NAME"]), "BACKUP_DIR": str(folder)}
        settings.GIVEN_ENVIRONMENT = settings.GIVEN_ENVIRONMENT | given
        now = int(timezone.now().timestamp())

        jobs.backups(now)
        [pid] = jobs._running
        jobs.backups(now + 60)

        assert jobs._running == {pid}
        assert eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 120)
        assert Backup.objects.good().count() == 1
        jobs.backups(now + 120)
        assert jobs._running == set() and not psutil.pid_exists(pid)

    def test_it_is_of_a_queue_that_a_worker_may_have_for_itself(self):
        assert jobs.backups.queue == BACKUP


class TestTold:
    @pytest.mark.parametrize(
        ("age", "problem", "words"),
        [
            (timedelta(days=2), "", ""),
            (timedelta(days=2, minutes=1), "", "The last backup is 2 days old."),
            (timedelta(days=30), "No room.", "The last backup is 30 days old."),
            (None, "", "There is no backup yet."),
            (None, "No room.", "There is no backup yet: the last try failed."),
        ],
    )
    def test_a_warning_after_two_periods(self, age, problem, words):
        news = BackupNews(DUMP, TUESDAY - age if age is not None else None, 1, "", problem)

        assert news.warning(TUESDAY) == words

    def test_a_base_backup_is_old_after_two_weeks(self):
        news = BackupNews(BackupKind.BASE, TUESDAY - timedelta(days=15), 1, "", "")

        assert news.warning(TUESDAY) == "The last base backup is 15 days old."

    def told(self):
        with database.own_connection() as own:
            return backups.news(own)

    def test_the_last_good_one_counts_and_a_failure_since_is_told(self, folder):
        failed(at(1))
        good(at(2), name="the good one")
        good(at(3), lost_at=at(4))
        BackupFactory(started_at=at(5))

        assert self.told() == [BackupNews(DUMP, at(2), 1_000, "the good one", "")]
        failed(at(4))
        assert self.told() == [BackupNews(DUMP, at(2), 1_000, "the good one", "No room.")]

    def test_what_a_wrong_clock_noted_of_the_future_is_not_told(self, folder):
        good(at(2), name="the good one")
        for of in (good, failed):
            of(timezone.now() + timedelta(days=400))

        assert self.told() == [BackupNews(DUMP, at(2), 1_000, "the good one", "")]

    def test_nothing_is_told_where_none_are_wanted(self, settings):
        assert self.told() == []

    def test_the_status_page_warns_although_all_works(self, folder, live_server):
        good(timezone.now() - timedelta(days=3))

        checks.check(live_server.url, timezone.now())

        with database.own_connection() as own:
            minutes = history.read(own, timezone.now())[Component.CONSOLE]
        stored = history.latest(minutes, Component.CONSOLE, timezone.now())
        assert (stored.state, stored.reason) == (State.UP, "The last backup is 3 days old.")

    def scraped(self):
        return {
            (family.name, *sample.labels.values()): sample.value
            for family in DatabaseGauges().collect()
            for sample in family.samples
        }

    def test_metrics_tell_its_age_and_size(self, folder):
        good(timezone.now() - timedelta(hours=5))

        scraped = self.scraped()

        assert scraped["heapadmin_backup_age_seconds", "dump"] == pytest.approx(18_000, abs=60)
        assert scraped["heapadmin_backup_bytes", "dump"] == 1_000

    def test_metrics_tell_that_there_is_none(self, folder):
        failed(timezone.now())

        scraped = self.scraped()

        assert scraped["heapadmin_backup_age_seconds", "dump"] == float("inf")
        assert ("heapadmin_backup_bytes", "dump") not in scraped

    def test_the_staffs_first_page_tells_it(self, folder):
        good(timezone.now() - timedelta(hours=5), name="nightly-x.backup")
        failed(timezone.now())

        text = " ".join(staff_client().get("/staff/").content.decode().split())

        assert "The last good backup, nightly-x.backup, was made 5 hours ago and takes 1000 bytes." in text
        assert "A later try failed: No room." in text
