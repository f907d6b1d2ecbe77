"""Back to a moment: base backups of the private database, and recovery from one of them and what was archived since."""

import shutil
import subprocess
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from django.conf import settings

from common.counted import counted
from heapadmin import datafolder, watched
from heapadmin.postgres import PostgresError, PrivatePostgres, programs
from heapadmin.wal_archive import BASE, WalArchive, completed_at, wrong_files

DRAFT = "base-new.unfinished"
FAILS = "select last_failed_time > coalesce(last_archived_time, '-infinity') from pg_stat_archiver"


class CannotRecover(Exception):
    """Nothing has changed; the message says why."""


def archive_of_this_server() -> WalArchive:
    """Raises PostgresError."""
    server = PrivatePostgres.of_installation(lambda words: None)
    if server.archive is None:
        raise PostgresError("WAL_ARCHIVE_DIR is not set.")
    try:
        return WalArchive.of(server.archive, server.data)
    except OSError as error:
        raise PostgresError(f"{server.data} cannot be read: {error.strerror}.") from error


# --- Base backups -----------------------------------------------------------------------------------------------------
def write_base() -> Path:
    """Copy the files of the running server to the archive, and verify the copy. Raises PostgresError."""
    server, place = PrivatePostgres.of_installation(lambda words: None), archive_of_this_server()
    draft = place.folder / DRAFT
    shutil.rmtree(draft, ignore_errors=True)  # of one that was killed
    copy = [f"--dbname={server.superuser_conninfo('postgres')}", f"--pgdata={draft}", "--format=tar"]
    copy += ["--compress=client-gzip:3", "--wal-method=none", "--checkpoint=fast", "--no-password"]
    copy += ["--manifest-checksums=sha256"]
    try:
        with psycopg.connect(server.superuser_conninfo("postgres"), autocommit=True) as connection:
            _run(server, draft.parent, "pg_basebackup", *copy, problem=lambda: _archiver_problem(connection))
        if wrong := wrong_files(draft):
            raise PostgresError(f"The copy is not what its list of files says: {', '.join(wrong[:3])}.")
        done = draft.with_name(datetime.now(UTC).strftime(BASE))
        draft.rename(done)
    except (psycopg.Error, watched.Ended, OSError, tarfile.TarError) as error:
        raise PostgresError(str(error).strip()) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return done


def _archiver_problem(connection: psycopg.Connection) -> str:
    """pg_basebackup waits until what the copy needs is archived, however long that takes."""
    row = connection.execute(FAILS).fetchone()
    return "What the database writes cannot be archived; its log says why." if row and row[0] else ""


def _run(
    server: PrivatePostgres, folder: Path, program: str, *arguments: str, problem: Callable[[], str] = str
) -> None:
    command = [str(programs() / program), *arguments]
    watched.run(command, folder, problem=problem, cwd="/", stdout=subprocess.DEVNULL, **server.as_its_user())


def delete_old() -> None:
    """Delete base backups that are kept no longer, and what only these need."""
    for path in archive_of_this_server().old_files():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


# --- Recovery ---------------------------------------------------------------------------------------------------------
def recover(moment: datetime | None, say: Callable[[str], None]) -> Path | None:
    """Bring the private database to what it held at `moment`; None: to the last thing that was archived.

    Returns where its former files are now. Raises CannotRecover, FolderInUse or
    PostgresError; then nothing has changed.
    """
    if not settings.PRIVATE_DATABASE or settings.WAL_ARCHIVE_DIR is None:
        raise CannotRecover("Only the private database can go back, and only with WAL_ARCHIVE_DIR.")
    with datafolder.held(settings.DATA_DIR, by="recover"):
        former = PrivatePostgres.of_installation(say)
        if former.has_files():
            _archive_the_rest(former, say)
            if moment is None and (waiting := list((former.data / "pg_wal" / "archive_status").glob("*.ready"))):
                raise CannotRecover(
                    f"{counted(len(waiting), 'file')} of the log could not be archived, so the last thing that was "
                    f"written would be lost. Make room in {settings.WAL_ARCHIVE_DIR}, or name a moment."
                )
        place, base = _base_for(former, settings.WAL_ARCHIVE_DIR, moment)
        say(f"From {base.name}, with what was written since …")
        server = PrivatePostgres.of_installation(say)
        server.data = server.folder / "data.recovering"
        try:
            server.unpack(base / "base.tar.gz")
            server.recover(place.restore_command, moment)
        except BaseException:
            server.stop()
            shutil.rmtree(server.data, ignore_errors=True)
            raise
        return _take_place(server.data, former)


def _archive_the_rest(former: PrivatePostgres, say: Callable[[str], None]) -> None:
    """A server that stops archives what it wrote last."""
    try:
        former.start()
    except PostgresError as error:
        say(f"The database does not start, so what it did not archive before is lost. {error}")
    else:
        former.stop()


def _base_for(former: PrivatePostgres, archive: Path, moment: datetime | None) -> tuple[WalArchive, Path]:
    """The base backup to begin with, of this cluster; or of another one if this has none, as on a new machine."""
    places = [WalArchive(folder) for folder in archive.glob("[0-9]*")] if archive.is_dir() else []
    own = [WalArchive.of(archive, former.data)] if former.has_files() else []
    for some in (own, places):
        found = [(base, place) for place in some if (base := place.base_before(moment)) is not None]
        if found:
            base, place = max(found, key=lambda each: completed_at(each[0]))
            return place, base
    raise CannotRecover(f"There is no base backup in {archive} from before that moment.")


def _take_place(recovered: Path, former: PrivatePostgres) -> Path | None:
    aside = None
    if former.has_files():
        aside = former.data.with_name(f"data.before-{datetime.now(UTC):%Y-%m-%d-%H%M%S}")
        former.data.rename(aside)
    recovered.rename(former.data)
    return aside
