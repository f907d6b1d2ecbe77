"""A real standby of the server that the tests use, on a socket of its own. What is replayed there can be paused."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from heapadmin.postgres import programs
from heapadmin.system_user import let_in, runner_for

START_SECONDS = 60
NUMBERS = count()  # of those in this process
DELAY_SECONDS = 1  # then a statement on the standby has to go for what it is in the way of
MUST_BE_THE_SAME = ("max_connections", "max_wal_senders", "max_worker_processes", "max_locks_per_transaction")

needs_superuser = pytest.mark.skipif(
    "heapadmin-tests-" not in str(settings.DATABASES["default"]["HOST"]),
    reason="The tests use a server of somebody else's, which lets nobody copy it.",
)


class Standby:
    def __init__(self, name="standby"):
        self.primary = str(settings.DATABASES["default"]["HOST"])
        # Its system user can get there. Into pytest's own folders it can only until another pytest begins.
        self.folder = Path(self.primary).with_name(f"{name}-{os.getpid()}-{next(NUMBERS)}")
        self.slot = self.folder.name.replace("-", "_")  # keeps what it has not replayed, however much others write
        self.data = self.folder / "data"
        self.process = None

    def start(self):
        self.folder.mkdir(parents=True)
        self.runner = runner_for(Path(self.primary))
        self.runner.own(self.folder)
        let_in(self.runner, self.folder, lambda words: None)
        copy = [programs() / "pg_basebackup", "-h", self.primary, "-U", "postgres", "-D", self.data]
        copy += ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
        copy += ["--create-slot", f"--slot={self.slot}"]
        result = subprocess.run(copy, capture_output=True, text=True, **self._as_user())
        assert result.returncode == 0, result.stderr
        self.launch()
        return self

    def launch(self):
        with psycopg.connect(host=self.primary, user="postgres", dbname="postgres") as own:
            given = {name: own.execute(f"show {name}").fetchone()[0] for name in MUST_BE_THE_SAME}
        given |= {"listen_addresses": "", "fsync": "off", "jit": "off", "unix_socket_directories": self.folder}
        given |= {"max_standby_streaming_delay": f"{DELAY_SECONDS}s"}
        command = [programs() / "postgres", "-D", self.data]
        for name, value in given.items():
            command += ["-c", f"{name}={value}"]
        log = self.folder / "log"
        with log.open("ab") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=file, **self._as_user())
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)

    def _as_user(self):
        return {**self.runner.popen_arguments(), "cwd": "/"}

    def _answers(self):
        try:
            return self.ask("select pg_is_in_recovery()")
        except psycopg.OperationalError:
            return False

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)

    def remove(self):
        """Stop it for good: the primary keeps nothing for it any longer."""
        self.stop()
        idle = "select true from pg_replication_slots where slot_name = %s and not active"
        with psycopg.connect(host=self.primary, user="postgres", dbname="postgres", autocommit=True) as own:
            while not own.execute(idle, [self.slot]).fetchone():
                time.sleep(0.05)
            own.execute("select pg_drop_replication_slot(%s)", [self.slot])

    def ask(self, sql, *parameters):
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as own:
            return own.execute(sql, parameters).fetchone()[0]

    # --- What it has replayed -----------------------------------------------------------------------------------------
    def catch_up(self):
        """Wait until all that was committed by now is there."""
        with psycopg.connect(host=self.primary, user="postgres", dbname="postgres") as own:
            (written,) = own.execute("select pg_current_wal_insert_lsn()::text").fetchone()
        deadline = time.monotonic() + START_SECONDS
        while not self.ask("select pg_last_wal_replay_lsn() >= %s::pg_lsn", written):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    @contextmanager
    def paused(self):
        """Within, it replays nothing."""
        self.catch_up()
        self.ask("select pg_wal_replay_pause()")
        while self.ask("select pg_get_wal_replay_pause_state()") != "paused":
            time.sleep(0.01)
        try:
            yield
        finally:
            self.ask("select pg_wal_replay_resume()")
            self.catch_up()

    # --- As DATABASE_REPLICA_URL names it -----------------------------------------------------------------------------
    @contextmanager
    def in_use(self, **other):
        given = connections.databases["default"]
        mirrors = {"TEST": given["TEST"] | {"MIRROR": "default"}}  # so that Django empties no tables there
        outer = connections.databases.get("replica")
        connections.databases["replica"] = given | {"HOST": str(self.folder)} | mirrors | other
        try:
            yield
        finally:
            connections["replica"].close()
            del connections["replica"]
            del connections.databases["replica"]
            if outer is not None:
                connections.databases["replica"] = outer
