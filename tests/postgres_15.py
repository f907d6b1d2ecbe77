"""Debian's PostgreSQL 15, the oldest that Heapadmin works with, on a socket of its own: for tests that need both."""

import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from heapadmin import application_role
from heapadmin.deployment import DATABASE_NAME, DATABASE_USER
from heapadmin.system_user import let_in, runner_for

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
SETTINGS = {"listen_addresses": "", "fsync": "off", "jit": "off", "timezone": "UTC", "max_connections": "100"}
START_SECONDS = 60

needs_postgres_15 = pytest.mark.skipif(
    not (PROGRAMS / "postgres").exists(), reason="Debian's PostgreSQL 15 is missing: apt-get install postgresql-15"
)


def allow_tests(superuser):
    """Let our role do what tests need: make databases, and write rows past triggers."""
    superuser.execute(f"alter role {DATABASE_USER} createdb")
    superuser.execute(f"grant set on parameter session_replication_role to {DATABASE_USER}")


class Postgres15:
    """A server with our role and database. It keeps nothing."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.process = None

    def start(self):
        self.folder.mkdir(parents=True)
        self.runner = runner_for(self.folder)
        self.runner.own(self.folder)
        let_in(self.runner, self.folder, lambda words: None)
        as_user = {**self.runner.popen_arguments(), "cwd": "/"}
        initdb = [PROGRAMS / "initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        subprocess.run([*initdb, "--locale=C.UTF-8", "--no-sync"], check=True, capture_output=True, **as_user)
        command = [PROGRAMS / "postgres", "-D", self.data, "-c", f"unix_socket_directories={self.folder}"]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **as_user)
        deadline = time.monotonic() + START_SECONDS
        while not self._prepared():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return self

    def _prepared(self):
        try:
            with psycopg.connect(self.superuser_conninfo("postgres"), autocommit=True) as superuser:
                application_role.prepare(superuser)
                allow_tests(superuser)
        except psycopg.OperationalError:
            return False
        return True

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)

    @property
    def url(self):
        return f"postgres://{DATABASE_USER}@/{quote(str(self.folder))}/{DATABASE_NAME}"

    def conninfo(self, database=DATABASE_NAME):
        return psycopg.conninfo.make_conninfo(host=str(self.folder), user=DATABASE_USER, dbname=database)

    def superuser_conninfo(self, database=DATABASE_NAME):
        return psycopg.conninfo.make_conninfo(host=str(self.folder), user="postgres", dbname=database)
