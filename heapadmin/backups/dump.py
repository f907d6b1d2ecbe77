"""Backups: write what is ours in the database to one file, and restore it. PostgreSQL's own programs do the work.

A backup has pg_dump's custom format (compressed), so any pg_restore of version 18 or newer can read it too. The
programs are those of the wheel, also for a server of another version.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connections
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import DependentObjectsStillExist, LockNotAvailable
from psycopg.pq import Conninfo

from common import disk
from common.database import conninfo, in_one_line
from heapadmin import datafolder
from heapadmin.backups import own_objects, watched
from heapadmin.given_settings.database import SESSION
from heapadmin.postgres import PrivatePostgres, programs

LOCK_SECONDS = 10
COMPRESSED = "--compress=gzip:3"  # docs/decisions/backups.md
SETTING = re.compile(rb"SET (\w+) = ")
# Debian's PostgreSQL 15 notes this of every column, pg_dump writes it down, and other servers refuse it.
NOTED_OF_COLUMNS = re.compile(rb"(ALTER TABLE .* ALTER COLUMN .* SET \()pg_attver=\d+(?:, )?(.*\);\n)")


class BackupError(Exception):
    """A backup could not be written or read; the message says why. Nothing was changed."""


@contextmanager
def database_at_hand() -> Iterator[None]:
    """Make sure that the database runs: start the private one unless `standalone` runs it already."""
    if not settings.PRIVATE_DATABASE:
        yield
        return
    try:
        with database_to_ourselves("backup"):
            yield
    except datafolder.FolderInUse:  # `standalone` runs it
        yield


@contextmanager
def database_to_ourselves(purpose: str) -> Iterator[None]:
    """Run the database while no other part of this installation uses it. Raises FolderInUse while `standalone` runs.

    With DATABASE_URL we cannot know which programs use the server: the operator has to stop them.
    """
    if not settings.PRIVATE_DATABASE:
        yield
        return
    with datafolder.held(settings.DATA_DIR, by=purpose):
        server = PrivatePostgres.of_installation(lambda words: None)
        server.start()
        try:
            yield
        finally:
            connections.close_all()
            server.stop()


def write(file: Path) -> int:
    """Write a backup to `file`, which must not exist; returns its size in bytes. Raises BackupError.

    It is a snapshot of one moment; collecting continues meanwhile. Only the owner of the file may read it.
    """
    if file.exists():
        raise BackupError(f"{file} exists; a backup never overwrites one.")
    draft = file.with_name(file.name + ".unfinished")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        # Not to stdout: pg_dump opens that for appending, so that the list of contents, which it writes again when it
        # knows where everything is, would come a second time at the end, and the first would not say where.
        command = _program("pg_dump", "--format=custom", COMPRESSED, f"--file={draft}", "--no-owner", "--no-privileges")
        watched.run([*command, *_what_is_ours()], file.parent, env=_environment())
        draft.rename(file)
    except watched.Ended as error:
        raise BackupError(str(error)) from error
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return file.stat().st_size


def _what_is_ours() -> list[str]:
    """Arguments for pg_dump. Functions and types of others in our schema come along, and are never restored."""
    try:
        with psycopg.connect(conninfo()) as database:
            row = database.execute("select quote_ident(current_schema())").fetchone()
            others = own_objects.not_ours(database)
    except psycopg.Error as error:
        raise BackupError(f"The database does not answer: {in_one_line(error)}") from error
    assert row is not None
    return [f"--schema={row[0]}", *(f"--exclude-table={name}" for name in others)]


def read(file: Path, into: str = "", room: Path | None = None) -> None:
    """Replace everything of ours in the database with the backup. Raises BackupError; then nothing has changed.

    It is one transaction: psql sees the end of the script only after pg_restore has read the whole file successfully.
    `into` is the connection string of another database. It stops before the disk of the folder `room` is full.
    """
    if not file.is_file():
        raise BackupError(f"There is no file {file}.")
    into = into or conninfo()
    drops, known = _ready_to_drop(into)
    with tempfile.NamedTemporaryFile("w", prefix="heapadmin-restore-") as chosen:
        chosen.write(_entries_of_ours(file))
        chosen.flush()
        to_sql = [str(programs() / "pg_restore"), "--file=-", "--no-owner", "--no-privileges"]
        to_sql += [f"--use-list={chosen.name}", str(file)]
        to_database = _program("psql", "--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1")
        to_database += ["--output=/dev/null", *(f"--command={drop}" for drop in drops), "--file=-"]
        with (
            subprocess.Popen(to_sql, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()) as reader,  # noqa: S603
            subprocess.Popen(  # noqa: S603
                to_database, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(into)
            ) as writer,
        ):
            problem = _pour(reader, writer, known, room)
    if problem:
        raise BackupError(f"{file} was not restored, nothing has changed: {problem}")


def _ready_to_drop(into: str) -> tuple[list[str], set[bytes]]:
    """The statements that drop what is ours, tried and taken back; and the names of all settings of this server."""
    try:
        with psycopg.connect(into) as database:
            if hanging := own_objects.hanging(database):
                raise BackupError(_hands_off(hanging))
            drops = own_objects.drop_statements(database)
            known = {name.encode() for (name,) in database.execute("select name from pg_settings").fetchall()}
            database.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
            for drop in drops:
                database.execute(drop.encode())
            database.rollback()
    except DependentObjectsStillExist as error:
        raise BackupError(_hands_off((error.diag.message_detail or str(error)).splitlines())) from error
    except LockNotAvailable as error:
        raise BackupError("Nothing has changed: somebody uses the tables. Stop Heapadmin first.") from error
    except psycopg.Error as error:
        raise BackupError(f"Nothing has changed: {in_one_line(error)}") from error
    return drops, known


def _hands_off(others: list[str]) -> str:
    return (
        f"Nothing has changed: these are not Heapadmin's, and would go with its tables: {'; '.join(others)}. "
        "Drop them, and make them again afterwards."
    )


def _entries_of_ours(file: Path) -> str:
    """What pg_restore is to restore, for its --use-list. Raises BackupError if it cannot read the file."""
    try:
        listed, schema = (told_by_pg_restore(how, file) for how in ("--list", "--schema-only"))
    except BackupError as error:
        raise BackupError(f"{file} was not restored, nothing has changed: {error}") from error
    return "\n".join(own_objects.BackupContents(schema).ours(listed)) + "\n"


def told_by_pg_restore(how: str, file: Path) -> str:
    """What it writes about a backup. Raises BackupError if it cannot read it."""
    command = [str(programs() / "pg_restore"), how, "--file=-", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)  # noqa: S603
    if result.returncode != 0:
        raise BackupError(result.stderr.strip())
    return result.stdout


def migrations(file: Path) -> list[tuple[str, str]]:
    """The migrations, by app and name, that had run on the database of a backup; none if it cannot be read."""
    command = [str(programs() / "pg_restore"), "--data-only", "--table=django_migrations", "--file=-", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)  # noqa: S603
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    return [(row[1], row[2]) for row in rows if len(row) == 4]  # of COPY: id, app, name, when


def _pour(
    reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes], known: set[bytes], room: Path | None
) -> str:
    """Pass the output of `reader` to `writer`; returns '' or what went wrong. If `reader` fails, `writer` is killed."""
    assert reader.stdout and reader.stderr and writer.stdin and writer.stderr
    try:
        for line in reader.stdout:
            writer.stdin.write(_fit_for_server(line, known))
            if line.startswith(b"COPY "):  # from here on it is data, and what was added to the tables
                break
        while piece := reader.stdout.read(2**20):
            if room is not None and disk.is_full(room):
                reader.kill()
                writer.kill()
                _let_go(writer)
                return f"there is no room left in {room}"
            writer.stdin.write(piece)
    except BrokenPipeError:
        reader.kill()
        _let_go(writer)
        return writer.stderr.read().decode(errors="replace").strip() or "psql ended early"
    complaint = reader.stderr.read().decode(errors="replace").strip()
    if reader.wait() != 0:
        writer.kill()
        _let_go(writer)
        return complaint
    writer.stdin.close()
    complaint = writer.stderr.read().decode(errors="replace").strip()
    return complaint if writer.wait() != 0 else ""


def _let_go(writer: subprocess.Popen[bytes]) -> None:
    """Close its input; what was not passed on does not matter any more."""
    assert writer.stdin
    with suppress(BrokenPipeError):
        writer.stdin.close()


def _fit_for_server(line: bytes, known: set[bytes]) -> bytes:
    """A line before the data, without what this server does not know: settings of newer ones, notes of others."""
    setting = SETTING.match(line)
    if setting and setting[1] not in known:
        return b""
    line = NOTED_OF_COLUMNS.sub(rb"\1\2", line)
    return b"" if line.endswith(b" SET ();\n") else line


def _program(name: str, *arguments: str) -> list[str]:
    return [str(programs() / name), *arguments]


def _environment(into: str = "") -> dict[str, str]:
    """Connection parameters for PostgreSQL's programs, as variables: others could read a password on a command line."""
    parameters = conninfo_to_dict(into or conninfo())
    variables = {option.keyword.decode(): option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar}
    chosen = {variables[name]: str(value) for name, value in parameters.items() if name in variables}
    return {"PATH": os.defpath, "LC_ALL": "C", "HOME": os.environ.get("HOME", "/")} | SESSION | chosen
