"""Backups: write the whole database to one file, and restore it. PostgreSQL's own programs from the wheel do the work.

A backup has pg_dump's custom format (compressed), so any pg_restore of version 18 or newer can read it too.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connections
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from common.database import conninfo
from heapadmin import datafolder
from heapadmin.given_settings.database import SESSION
from heapadmin.postgres import PrivatePostgres, programs

EMPTY_THE_DATABASE = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"


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
        server = PrivatePostgres(settings.DATA_DIR / "postgres", say=lambda words: None)
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
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            command = _program("pg_dump", "--format=custom", "--no-owner", "--no-privileges")
            result = subprocess.run(  # noqa: S603
                command, stdout=target, stderr=subprocess.PIPE, text=True, env=_environment(), check=False
            )
            os.fsync(target.fileno())
        if result.returncode != 0:
            raise BackupError(f"pg_dump failed: {result.stderr.strip()}")
        draft.rename(file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return file.stat().st_size


def read(file: Path) -> None:
    """Replace everything in the database with the backup in `file`. Raises BackupError; then nothing has changed.

    It is one transaction: psql sees the end of the script only after pg_restore has read the whole file successfully.
    """
    if not file.is_file():
        raise BackupError(f"There is no file {file}.")
    to_sql = [str(programs() / "pg_restore"), "--file=-", "--no-owner", "--no-privileges", str(file)]
    to_database = _program("psql", "--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1")
    to_database += ["--output=/dev/null", f"--command={EMPTY_THE_DATABASE}", "--file=-"]
    with (
        subprocess.Popen(to_sql, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()) as reader,  # noqa: S603
        subprocess.Popen(  # noqa: S603
            to_database, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
        ) as writer,
    ):
        problem = _pour(reader, writer)
    if problem:
        raise BackupError(f"{file} was not restored, nothing has changed: {problem}")


def migrations(file: Path) -> list[tuple[str, str]]:
    """The migrations, by app and name, that had run on the database of a backup; none if it cannot be read."""
    command = [str(programs() / "pg_restore"), "--data-only", "--table=django_migrations", "--file=-", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)  # noqa: S603
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    return [(row[1], row[2]) for row in rows if len(row) == 4]  # of COPY: id, app, name, when


def _pour(reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes]) -> str:
    """Pass the output of `reader` to `writer`; returns '' or what went wrong. If `reader` fails, `writer` is killed."""
    assert reader.stdout and reader.stderr and writer.stdin and writer.stderr
    try:
        shutil.copyfileobj(reader.stdout, writer.stdin, 2**20)
    except BrokenPipeError:
        reader.kill()
        return writer.stderr.read().decode(errors="replace").strip() or "psql ended early"
    complaint = reader.stderr.read().decode(errors="replace").strip()
    if reader.wait() != 0:
        writer.kill()
        return complaint
    writer.stdin.close()
    complaint = writer.stderr.read().decode(errors="replace").strip()
    return complaint if writer.wait() != 0 else ""


def _program(name: str, *arguments: str) -> list[str]:
    return [str(programs() / name), *arguments]


def _environment() -> dict[str, str]:
    """Connection parameters for PostgreSQL's programs, as variables: others could read a password on a command line."""
    parameters = conninfo_to_dict(conninfo())
    variables = {option.keyword.decode(): option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar}
    chosen = {variables[name]: str(value) for name, value in parameters.items() if name in variables}
    return {"PATH": os.defpath, "LC_ALL": "C", "HOME": os.environ.get("HOME", "/")} | SESSION | chosen
