"""The private database goes back to a moment, with a real server: written, archived, lost, recovered."""

import shutil
import tarfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from heapadmin.backups import bases, recovery, schedule
from heapadmin.backups.bases import completed_at, first_segment, wrong_files
from heapadmin.postgres import PostgresError, PrivatePostgres
from heapadmin.wal_archive import SEGMENT
from support.models import Backup, BackupKind
from support.status import backups, database
from tests.heapadmin.running import eventually
from tests.support.factories import BackupFactory

pytestmark = pytest.mark.timeout(180)


def ended_at(moment):
    return {"started_at": moment, "ended_at": moment, "bytes": 1}


class Archived:
    """A private server that archives what it writes."""

    def __init__(self, folder):
        self.data_dir = folder / "data"
        self.archive = folder / "the archive, 100%"  # an odd name: it stands in a command for the shell
        self.data_dir.mkdir()
        self.start()
        self.ask("create table note (words text)")

    def start(self):
        folder = self.data_dir / "postgres"
        self.server = PrivatePostgres(folder, durable=False, archive=self.archive, say=lambda words: None)
        self.server.start()

    def ask(self, question, *parameters):
        with psycopg.connect(self.server.superuser_conninfo(), autocommit=True) as connection:
            cursor = connection.execute(question, parameters)
            return cursor.fetchall() if cursor.description else None

    def write(self, words):
        """Returns a moment after that."""
        self.ask("insert into note values (%s)", words)
        time.sleep(0.02)
        moment = datetime.now(UTC)
        time.sleep(0.02)
        return moment

    def archive_again(self):
        """Have it try again at once, and not in a minute."""
        self.ask("select pg_switch_wal()")
        assert eventually(lambda: not self.fails())

    def fails(self):
        with psycopg.connect(self.server.conninfo()) as connection:  # as the status page asks, who is no superuser
            return backups.archiving_fails(connection)

    def notes(self):
        return [words for (words,) in self.ask("select words from note order by words")]

    def recovered_to(self, moment):
        """The notes after that."""
        self.server.stop()
        aside = recovery.recover(moment, lambda words: None)
        self.start()
        return aside, self.notes()


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    installation = Archived(tmp_path_factory.mktemp("archived"))
    yield installation
    installation.server.stop()


@pytest.fixture
def archived(installation, settings):
    settings.PRIVATE_DATABASE, settings.DATA_DIR = True, installation.data_dir
    settings.WAL_ARCHIVE_DIR = installation.archive
    return installation


def test_everything_up_to_a_moment_comes_back_and_nothing_after_it(archived):
    archived.ask("delete from note")
    archived.write("1 before")
    bases.write()
    moment = archived.write("2 good")
    archived.write("3 a mistake")

    aside, notes = archived.recovered_to(moment)

    assert notes == ["1 before", "2 good"]
    assert (aside / "PG_VERSION").exists()


def test_nothing_changes_without_a_base_backup_from_before_the_moment(archived):
    archived.server.stop()

    with pytest.raises(recovery.CannotRecover, match="no base backup"):
        recovery.recover(datetime(2026, 1, 1, tzinfo=UTC), lambda words: None)

    archived.start()


def test_all_that_was_archived_comes_back_where_the_disk_is_lost(archived):
    """After it went back: what was written since is on another timeline."""
    archived.ask("delete from note")
    archived.write("the last")
    archived.server.stop()  # which archives what is left
    shutil.rmtree(archived.data_dir / "postgres")

    aside, notes = archived.recovered_to(None)

    assert (aside, notes) == (None, ["the last"])


def test_a_recovery_that_was_killed_at_its_end_leads_no_later_one_astray(archived, monkeypatch):
    archived.ask("delete from note")
    bases.write()
    moment = archived.write("1 before")
    archived.write("2 after")
    archived.server.stop()
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(recovery, "_take_place", lambda *places: (_ for _ in ()).throw(KeyboardInterrupt))
        recovery.recover(moment, lambda words: None)
    archived.start()
    archived.write("3 the last")
    archived.server.stop()
    shutil.rmtree(archived.data_dir / "postgres")

    assert archived.recovered_to(None)[1] == ["1 before", "2 after", "3 the last"]


def test_killed_before_the_files_are_in_place_nothing_new_begins_and_it_is_finished_by_another(archived, monkeypatch):
    archived.ask("delete from note")
    bases.write()
    moment = archived.write("1 before")
    archived.write("2 after")
    archived.server.stop()
    rename, folder = Path.rename, archived.data_dir / "postgres"
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Path, "rename", lambda path, to: rename(path, stop_at_the_second(path, to)))
        recovery.recover(moment, lambda words: None)
    assert not (folder / "data").exists()

    with pytest.raises(PostgresError, match=r"beside it .*data\.recovering.* Run `manage\.py recover MOMENT` again"):
        archived.start()

    aside, notes = archived.recovered_to(moment)
    assert notes == ["1 before"]
    assert (aside / "PG_VERSION").exists()
    assert not {path.name for path in folder.glob("data.*")} & {"data.recovering", "data.replaced", "data.new"}


def stop_at_the_second(path, to):
    if path.name == "data.recovering":
        raise KeyboardInterrupt
    return to


def test_what_could_not_be_archived_is_not_lost_in_silence(archived):
    bases.write()
    archived.ask("delete from note")
    wal = bases.archive_of_this_server().wal
    wal.chmod(0o500)
    try:
        archived.write("not archived")
        archived.server.stop()

        with pytest.raises(recovery.CannotRecover, match="of the log could not be archived"):
            recovery.recover(None, lambda words: None)
    finally:
        wal.chmod(0o700)
        archived.start()

    archived.archive_again()
    assert archived.notes() == ["not archived"]


def test_a_moment_after_all_that_was_archived_changes_nothing(archived):
    archived.ask("delete from note")
    archived.write("here")
    archived.server.stop()
    said = []

    with pytest.raises(PostgresError, match="recovery ended before configured recovery target was reached"):
        recovery.recover(datetime.now(UTC) + timedelta(days=1), said.append)

    archived.start()
    assert archived.notes() == ["here"]
    assert not list(archived.data_dir.glob("postgres/data.recovering"))


def test_a_base_backup_that_is_not_what_its_list_says_is_found(archived, tmp_path):
    [base, *_] = bases.complete(bases.archive_of_this_server())
    copy = shutil.copytree(base, tmp_path / base.name)
    assert wrong_files(copy) == []

    with (
        tarfile.open(base / "base.tar.gz") as whole,
        tarfile.open(copy / "base.tar.gz", "w:gz", compresslevel=1) as part,
    ):
        for member in whole:
            if member.name not in {"PG_VERSION", "global/pg_control"}:
                part.addfile(member, whole.extractfile(member) if member.isfile() else None)

    assert wrong_files(copy) == ["PG_VERSION", "global/pg_control"]


@pytest.mark.django_db(transaction=True)
class TestWays:
    """Going back leaves a way: what was written after that moment, and the base backups that were made of it."""

    def names(self, prefix):
        return sorted(path.name for path in bases.archive_of_this_server().folder.glob(f"{prefix}-*"))

    def test_who_went_back_goes_back_again_along_the_way_that_was_taken(self, archived):
        archived.ask("delete from note")
        archived.write("1 before")
        kept = bases.write()
        first = archived.write("2 good")
        archived.write("3 a mistake")
        left = bases.write()
        assert schedule.due(datetime.now(UTC)) == [BackupKind.BASE]
        BackupFactory(kind=BackupKind.BASE, name=kept.name, **ended_at(datetime.now(UTC) - timedelta(hours=2)))
        assert schedule.due(datetime.now(UTC)) == []

        _, notes = archived.recovered_to(first)

        assert notes == ["1 before", "2 good"]
        assert kept.name in self.names("base") and self.names("left") == [left.name.replace("base", "left")]
        assert schedule.due(datetime.now(UTC)) == [BackupKind.BASE]  # at once, and not in a week

        second = archived.write("4 instead")
        archived.write("5 another mistake")
        assert archived.recovered_to(second)[1] == ["1 before", "2 good", "4 instead"]

        made = [schedule.make(BackupKind.BASE).name for _ in range(2)]
        assert schedule.due(datetime.now(UTC)) == []
        assert (self.names("base"), self.names("left")) == (made, [])
        archived.write("6 the last")
        archived.server.stop()
        shutil.rmtree(archived.data_dir / "postgres")
        assert archived.recovered_to(None)[1][-1] == "6 the last"

    def test_who_puts_the_former_files_back_is_on_the_former_way_again(self, archived):
        archived.ask("delete from note")
        bases.write()
        first = archived.write("1 good")
        archived.write("2 no mistake")
        archived.ask("select pg_switch_wal()")
        left = bases.write()
        aside, _ = archived.recovered_to(first)
        of_the_other = bases.write()
        archived.server.stop()
        archived.server.data.rename(aside.with_name("data.other"))
        aside.rename(archived.server.data)
        archived.start()

        again = archived.write("3 more")
        archived.write("4 a mistake")

        assert archived.recovered_to(again)[1] == ["1 good", "2 no mistake", "3 more"]
        assert left.exists() and of_the_other.name.replace("base", "left") in self.names("left")


@pytest.mark.django_db(transaction=True)
class TestSchedule:
    def test_two_base_backups_are_kept_and_what_they_need(self, archived):
        first, *others = [schedule.make(BackupKind.BASE) for _ in range(3)]
        place = bases.archive_of_this_server()

        assert [base.name for base in bases.complete(place)] == [each.name for each in others]
        assert not Backup.objects.filter(pk=first.pk).exists()
        needed = first_segment(bases.complete(place)[0])[8:]
        assert {SEGMENT.fullmatch(file.name)[1][8:] >= needed for file in place.wal.glob("*[0-9A-F].gz")} == {True}

    def test_one_of_the_future_by_a_wrong_clock_takes_the_place_of_no_other(self, archived):
        place = bases.archive_of_this_server()
        last = bases.complete(place)[-1]
        of_a_wrong_clock = last.rename(last.with_name((datetime.now(UTC) + timedelta(days=4000)).strftime(bases.NAME)))

        made = [schedule.make(BackupKind.BASE).name for _ in range(2)]

        assert [base.name for base in bases.complete(place)] == made
        assert not of_a_wrong_clock.exists()

    def test_one_is_due_every_week(self, archived):
        now = completed_at(bases.complete(bases.archive_of_this_server())[-1])

        schedule.make(BackupKind.BASE)

        assert schedule.due(now + timedelta(days=6)) == []
        assert schedule.due(now + timedelta(days=8)) == [BackupKind.BASE]

    def test_an_archive_that_takes_nothing_is_said_and_holds_no_backup_up(self, archived):
        wal = bases.archive_of_this_server().wal
        wal.rename(wal.with_name("away"))
        try:
            with pytest.raises(schedule.BackupFailed, match="cannot be archived"):
                schedule.make(BackupKind.BASE)
            assert archived.fails()
        finally:
            wal.with_name("away").rename(wal)
            archived.archive_again()

        with database.own_connection() as connection:
            [news] = backups.news(connection)
        assert "cannot be archived" in news.problem
        assert not list(wal.parent.glob("*.unfinished"))


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", "9999-12-31T00:00:00"])
def test_what_is_no_moment_of_the_past_is_refused(moment):
    with pytest.raises(CommandError, match=r"is no moment|is in the future"):
        call_command("recover", moment, "--yes")


def test_without_an_archive_nothing_goes_back(settings):
    settings.PRIVATE_DATABASE = True

    with pytest.raises(CommandError, match=r"Nothing has changed: .*WAL_ARCHIVE_DIR"):
        call_command("recover", "2026-03-17", "--yes")
