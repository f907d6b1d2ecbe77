"""Proves a backup: reads it to its end, and restores it into a private PostgreSQL that is thrown away afterwards."""

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.conf import settings

from common.counted import counted
from heapadmin.backups import dump, own_objects
from heapadmin.backups.dump import BackupError
from heapadmin.postgres import PostgresError, PrivatePostgres, programs

TABLES = {"events": "event", "people": "person", "accounts_account": "account"}  # and what a row is
COPY = re.compile(rb'COPY \S+?\."?(\w+)"? \(')
COUNTS = f"select {', '.join(f'(select count(*) from {table})' for table in TABLES)}"  # noqa: S608  fixed names


@dataclass(frozen=True)
class BackupProof:
    """What is in a file, which was read to its end. `not_restored` says why it was not restored as well."""

    file: Path
    made_at: str  # as pg_restore tells it
    rows: dict[str, int]  # of TABLES
    state: dict[str, str]  # the last migration of each of our apps
    not_restored: str = ""

    def in_words(self) -> str:
        held = ", ".join(counted(self.rows[table], name) for table, name in TABLES.items())
        state = ", ".join(f"{app}.{name}" for app, name in sorted(self.state.items()))
        proof = "It was restored into a PostgreSQL of its own, where the same was counted; that is gone again."
        if self.not_restored:
            proof = f"It was read to its end, and not restored: {self.not_restored}"
        size = self.file.stat().st_size / 2**20
        return f"{self.file} is good: {size:,.1f} MiB, of {self.made_at}.\nIt holds {held}, after {state}.\n{proof}"


def prove(file: Path) -> BackupProof:
    """Raises BackupError if it is none, damaged or cut."""
    if not file.is_file():
        raise BackupError(f"There is no file {file}.")
    try:
        listed, schema = (dump.told_by_pg_restore(how, file) for how in ("--list", "--schema-only"))
        migrations = dump.migrations(file)
        rows = _rows(file, {part: table for table, part in own_objects.PARTITION.findall(schema)})
    except BackupError as error:
        raise BackupError(f"{file} is no good backup: {error}") from error
    ours = {folder.parent.name for folder in settings.BASE_DIR.glob("*/migrations")}
    state = {app: name for app, name in migrations if app in ours}
    if not state:
        raise BackupError(f"{file} is no backup of Heapadmin: it has none of its migrations.")
    made_at = re.search(r"Archive created at (.+)", listed)
    return BackupProof(file, made_at[1] if made_at else "?", rows, state, _restored(file, rows))


def _rows(file: Path, parents: dict[str, str]) -> dict[str, int]:
    """How many rows there are of each of TABLES, by reading all of it."""
    found: Counter[str] = Counter()
    command = [str(programs() / "pg_restore"), "--data-only", "--file=-", str(file)]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as reader,  # noqa: S603
    ):
        assert reader.stdout
        for table, rows in _copied(reader.stdout):
            found[parents.get(table, table)] += rows
        if reader.wait() != 0:
            said.seek(0)
            raise BackupError(said.read().decode(errors="replace").strip())
    return {table: found[table] for table in TABLES}


def _copied(lines: Iterator[bytes]) -> Iterator[tuple[str, int]]:
    """Each table of a script with its number of rows. One that is cut has those that are there."""
    for line in lines:
        if begun := COPY.match(line):
            rows = 0
            for row in lines:
                if row == b"\\.\n":
                    break
                rows += 1
            yield begun[1].decode(), rows


def _restored(file: Path, rows: dict[str, int]) -> str:
    """Restore it into a server made for that. Returns why there was none; raises BackupError if that fails."""
    with tempfile.TemporaryDirectory(prefix="heapadmin-check-") as name:
        server = PrivatePostgres(Path(name) / "postgres", durable=False, say=lambda words: None)
        try:
            server.start()
        except (OSError, PostgresError) as error:
            return str(error)
        try:
            dump.read(file, server.conninfo(), room=Path(name))
            with psycopg.connect(server.conninfo()) as database:
                there = database.execute(COUNTS).fetchone()
        except BackupError as error:
            raise BackupError(str(error).replace(", nothing has changed", "")) from error
        finally:
            server.stop()
    if there != tuple(rows.values()):
        raise BackupError(f"{file} is no good backup: restored, it holds {there}, and it was read as {rows}.")
    return ""
