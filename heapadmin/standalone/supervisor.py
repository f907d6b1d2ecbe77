"""Keeps services running: restarts those that die, and in the end stops all of them in order."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from django.conf import settings

from heapadmin import processes
from heapadmin.postgres import PrivatePostgres
from heapadmin.processes import Identity
from heapadmin.standalone.pauses import HEALTHY_AFTER_SECONDS, pause_seconds
from heapadmin.standalone.postgres_keeper import PostgresKeeper

LOOK_SECONDS = 0.2
REMINDER_SECONDS = 1.0  # a web worker that is just starting may miss its parent's signal
GRACE_SECONDS = 40.0  # longer than gunicorn waits for its workers
LEFTOVER_STEPS = [(signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, 5.0)]


@dataclass
class Service:
    """A program that runs until it gets a signal to stop. `descriptors` are open files that it inherits."""

    name: str
    command: Sequence[str]
    descriptors: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    identity: Identity | None = None
    started: float = 0.0  # time.monotonic() of the last start
    failures: int = 0  # since it last ran for HEALTHY_AFTER_SECONDS
    next_start: float = 0.0  # time.monotonic(); it does not start before this moment

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = processes.start(
            self.command, when_we_die=signal.SIGTERM, pass_fds=self.descriptors, env=settings.GIVEN_ENVIRONMENT
        )
        self.identity = Identity.of(self.process.pid)

    def note_its_end(self, code: int) -> float:
        """Plan the next start, after the service ended with exit status `code`; return the pause in seconds."""
        if time.monotonic() - self.started > HEALTHY_AFTER_SECONDS:
            self.failures = 0
        pause = pause_seconds(self.failures)
        self.failures += 1
        self.next_start = time.monotonic() + pause
        self.process = self.identity = None
        return pause


class Supervisor:
    """Runs `services` and, if given, the private `postgres` that they need.

    `record` is a file that lists the running services, so that the next start can end those that a killed
    supervisor left behind. The caller must hold the data folder.
    """

    def __init__(
        self,
        services: Sequence[Service],
        postgres: PrivatePostgres | None,
        record: Path,
        say: Callable[[str], None],
    ) -> None:
        self.services = services
        self.keeper = PostgresKeeper(postgres, say) if postgres is not None else None
        self.record = record
        self.say = say
        self._record_is_due = False

    def look(self) -> None:
        """Start everything that does not run, unless its pause is not over."""
        if self.keeper is not None:
            self.keeper.look()
        for service in self.services:
            self._look_at(service)
        if self._record_is_due:
            self._write_record()

    def run_until(self, asked_to_stop: Callable[[], bool]) -> None:
        """Keep everything running until `asked_to_stop()`."""
        while not asked_to_stop():
            self.look()
            time.sleep(LOOK_SECONDS)

    def stop_services(self, in_a_hurry: Callable[[], bool]) -> None:
        """Stop all services together and wait for them. Kill those that take too long, or all if `in_a_hurry()`."""
        running = [service for service in self.services if service.process is not None]
        for service in running:
            if service.process is not None:
                service.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for service in running:
            self._await_end(service, deadline, in_a_hurry)
        self._write_record()

    def _look_at(self, service: Service) -> None:
        if service.process is not None:
            code = service.process.poll()
            if code is None:
                return
            pause = service.note_its_end(code)
            self.say(f"{service.name} ended unexpectedly (exit status {code}); starting it again in {pause:g} s.")
        if time.monotonic() >= service.next_start:
            service.start()
            self._record_is_due = True

    def _await_end(self, service: Service, deadline: float, in_a_hurry: Callable[[], bool]) -> None:
        process, identity = service.process, service.identity
        if process is None:
            return
        next_reminder = time.monotonic() + REMINDER_SECONDS
        while process.poll() is None and time.monotonic() < deadline and not in_a_hurry():
            time.sleep(0.05)
            if identity is not None and time.monotonic() > next_reminder:
                processes.stop_again(processes.session_of(identity)[1:])
                next_reminder += REMINDER_SECONDS
        if identity is not None:
            processes.end(processes.session_of(identity), [(signal.SIGKILL, 5.0)])
        process.wait()
        service.process = service.identity = None

    def _write_record(self) -> None:
        known = [service.identity for service in self.services if service.identity is not None]
        draft = self.record.with_suffix(".new")
        try:
            draft.write_text(json.dumps([astuple(identity) for identity in known]))
            draft.replace(self.record)
        except OSError:  # a full disk; the next look tries again
            return
        self._record_is_due = False


def end_leftovers(record: Path, say: Callable[[str], None]) -> None:
    """End the services of an earlier supervisor that was killed, as listed in `record`."""
    try:
        leaders = [Identity(*entry) for entry in json.loads(record.read_text())]
    except (OSError, ValueError, TypeError):
        return
    leftovers = [member for leader in leaders for member in processes.session_of(leader)]
    if leftovers:
        say(f"Ending {len(leftovers)} processes that an earlier run left behind.")
        processes.end(leftovers, LEFTOVER_STEPS)
    record.unlink()
