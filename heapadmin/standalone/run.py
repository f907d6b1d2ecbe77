"""`manage.py standalone`: prepares the database, starts all services, prints where they are, stops them in order."""

import http.client
import io
import shlex
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections

from accounts.models import User
from common import metrics_folder
from heapadmin import datafolder, sample
from heapadmin.postgres import PrivatePostgres
from heapadmin.standalone import first_account, statics
from heapadmin.standalone.port import listen
from heapadmin.standalone.supervisor import Service, Supervisor, end_leftovers
from projects import first_login
from projects.models import Environment

READY_SECONDS = 60.0
FAILURES_THAT_END_A_START = 3


class CannotStart(Exception):
    """Heapadmin cannot start; the message explains why."""


class StopRequests:
    """Counts signals that ask us to stop: one ends everything in order, two hurry.

    Until `quiet` is set, the first signal interrupts the running code (such as a migration) with KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.times = 0
        self.quiet = False
        for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(which, self._note)

    def to_stop(self) -> bool:
        return self.times > 0

    def to_hurry(self) -> bool:
        return self.times > 1

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.times += 1
        if not self.quiet:
            self.quiet = True
            raise KeyboardInterrupt


def run(say: Callable[[str], None]) -> None:
    """Start everything, serve until asked to stop, then stop everything.

    Raises CannotStart, FolderInUse, CannotListen, PostgresError or Unreachable, each with a message for people.
    """
    asked = StopRequests()
    try:
        with datafolder.held(settings.DATA_DIR, by="standalone"):
            _run_holding_the_folder(asked, say)
    except KeyboardInterrupt:
        say("Stopped.")


def _run_holding_the_folder(asked: StopRequests, say: Callable[[str], None]) -> None:
    record = settings.DATA_DIR / "processes.json"
    end_leftovers(record, say)
    with listen(settings.HOST, settings.PORT) as listener, _metrics_folder() as metrics:
        postgres = _private_postgres(say)
        supervisor = Supervisor(_services(listener, metrics), postgres, record, say)
        try:
            if postgres is not None:
                postgres.start()
            _prepare_database(say)
            _greet(supervisor, listener, say)
            asked.quiet = True
            supervisor.run_until(asked.to_stop)
        finally:
            asked.quiet = True
            say("Stopping …")
            supervisor.stop_services(asked.to_hurry)
            if postgres is not None:
                postgres.stop()
            record.unlink(missing_ok=True)


def _private_postgres(say: Callable[[str], None]) -> PrivatePostgres | None:
    """The private server; None if DATABASE_URL names another one."""
    if not settings.PRIVATE_DATABASE:
        return None
    return PrivatePostgres.of_installation(say)


@contextmanager
def _metrics_folder() -> Iterator[Path | None]:
    """Where web workers and the jobs' worker count; None if nobody may read it."""
    if not settings.METRICS_TOKEN:
        yield None
        return
    folder = metrics_folder.make()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _services(listener: socket.socket, metrics: Path | None) -> list[Service]:
    manage = str(Path(settings.BASE_DIR) / "manage.py")
    web = [sys.executable, "-m", "gunicorn", "-c", "python:heapadmin.gunicorn_conf"]
    web += ["--bind", f"fd://{listener.fileno()}", "--chdir", str(settings.BASE_DIR)]
    jobs = [sys.executable, manage, "procrastinate", "worker", "--shutdown-graceful-timeout", "20"]
    counting = ["env", f"{metrics_folder.VARIABLE}={metrics}"] if metrics else []
    return [
        Service("The web server", [*counting, *web], descriptors=(listener.fileno(),)),
        Service("The jobs' worker", [*counting, *jobs]),
    ]


def _prepare_database(say: Callable[[str], None]) -> None:
    """Run Django's checks, migrate, and collect static files if they changed."""
    try:
        call_command("check", stdout=io.StringIO())
        call_command("migrate", interactive=False, verbosity=0)
    except CommandError as error:
        raise CannotStart(str(error)) from error
    except OperationalError as error:
        raise CannotStart(f"The database does not answer: {str(error).strip()}") from error
    if statics.collect_if_changed():
        say("Static files collected.")


def _greet(supervisor: Supervisor, listener: socket.socket, say: Callable[[str], None]) -> None:
    """Create the first account if there is none, start the services, and print where everything is.

    The first password is printed even if starting fails, because it cannot be found out later. In production nothing is
    made up, and no password is printed, since a journal keeps it: the first login is made with a one-time link.
    """
    login = None if settings.PRODUCTION else first_account.make_first_account()
    try:
        if login is not None:
            written = sample.fill(login.environment, login.user)
            say(f"{written:,} made-up events written into the {first_account.PROJECT_NAME}.")
        _wait_until_served(supervisor, listener)
    except BaseException:
        if login is not None:
            say(login.in_words())
        raise
    say(_welcome(login))
    connections.close_all()


def _wait_until_served(supervisor: Supervisor, listener: socket.socket) -> None:
    """Start the services and wait until the web server answers."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        supervisor.look()
        if any(service.failures >= FAILURES_THAT_END_A_START for service in supervisor.services):
            raise CannotStart("A part of Heapadmin does not start; its messages are above.")
        if _answers(listener):
            return
        time.sleep(0.1)
    raise CannotStart(f"The web server did not answer within {READY_SECONDS:g} seconds; its messages are above.")


def _answers(listener: socket.socket) -> bool:
    host, port = listener.getsockname()[:2]
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
    probe = http.client.HTTPConnection(loopback.get(host, host), port, timeout=2)
    try:
        probe.request("GET", "/healthz")
        return probe.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        probe.close()


def _first_login() -> list[str]:
    """How to make it. A start leaves the link of an earlier start alone: somebody may be using it."""
    if first_login.is_offered():
        return [
            "The first login is made with the link that an earlier start printed; manage.py firstlogin makes a new one."
        ]
    link = first_login.offer()
    return ["Make the first login with this link, good once and for an hour (then: manage.py firstlogin):", f"  {link}"]


def _welcome(login: first_account.FirstLogin | None) -> str:
    lines = ["", f"Heapadmin is at {settings.SITE_URL}/"]
    if login is not None:
        lines.append(login.in_words())
    if settings.PRODUCTION and not User.objects.exists():
        lines += _first_login()
    environment = login.environment if login is not None else Environment.objects.order_by("pk").first()
    if environment is not None:
        event = f'{{"app_id": "{environment.app_id}", "identity": "ada@example.com", "event": "Hello"}}'
        lines += [
            f"  app_id    {environment.app_id}   ({environment.project.name}, {environment.name})",
            "Send an event:",
            f"  curl -H 'Content-Type: application/json' -d {shlex.quote(event)} {settings.SITE_URL}/api/track",
        ]
    return "\n".join([*lines, "Ctrl-C stops it.", ""])
