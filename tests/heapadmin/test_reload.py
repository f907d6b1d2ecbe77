"""`manage.py reload` while clients send without a pause: real servers on a copy of the code, which is changed."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from common import metrics_folder
from heapadmin.reload import roll
from tests.heapadmin.running import eventually
from tests.servers import JSON, CollectingServer, served_database

pytestmark = pytest.mark.timeout(300)
OURS = ["accounts", "analytics", "collector", "common", "events", "heapadmin", "ipfilter", "projects", "support"]
OTHERS = ["static", "templates", "manage.py", "pyproject.toml"]
SENDERS = 3  # of each kind
PAUSE_SECONDS = 0.03
SLOW_SECONDS = 90  # for several starts, however busy the machine is
OPTIONS = {"DEBUG": "on", "METRICS_TOKEN": "x" * 24}  # DEBUG: static files are not compressed, which takes longest
LATER_FILE = "collector/migrations/9999_later" + ".py"
LATER = """\
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [("collector", "0008_robots")]
    runs_beside_old_code = True
"""
BESIDE = "Servers of the version before may go on meanwhile."
FIRST = {"identity": "ada", "event": "first"}


class ServerOfCopy(CollectingServer):
    """gunicorn as an operator starts it, on code that a test may change."""

    def __init__(self, url, folder, code, **options):
        super().__init__(url, folder, **options)
        self.code = code
        del self.environment["WEB_WORKERS"]  # it stands in the copy's `.env`

    def manage(self, *arguments, **environment):
        """A management command of the copy: its status, and what it wrote."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.code,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    def health(self):
        return self.request("GET", "/healthz").text


class PagesOfCopy(ServerOfCopy):
    """The pages apart, in threads, as compose.yaml runs them."""

    def has_started(self):
        with suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/healthz").status == 200
        return False


class Activated(ServerOfCopy):
    """As systemd starts it for a socket unit: the socket is descriptor 3, and variables say so."""

    BECOME = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3);"
        "os.environ |= {'LISTEN_FDS': '1', 'LISTEN_PID': str(os.getpid())}; os.execv(sys.argv[2], sys.argv[2:])"
    )

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.socket = socket.create_server(("127.0.0.1", self.port))

    def command(self):
        return [sys.executable, "-c", self.BECOME, str(self.socket.fileno()), *super().command()]

    def start(self):
        return super().start(pass_fds=[self.socket.fileno()])

    def kill(self):
        super().kill()
        self.socket.close()


class JobsOfCopy(ServerOfCopy):
    """The jobs' worker, once it became new code while a process that it had started runs."""

    BECOME = (
        "import os, subprocess, sys; subprocess.Popen(['sleep', '2']);"
        "os.environ['HEAPADMIN_GENERATION'] = '1'; os.execv(sys.argv[1], sys.argv[1:])"
    )

    def command(self):
        return [sys.executable, "-c", self.BECOME, sys.executable, "manage.py", "procrastinate", "worker"]

    def noted(self):
        [path] = (self.folder / "running").iterdir()
        return json.loads(path.read_text())

    def has_started(self):
        with suppress(OSError, ValueError):
            return self.noted()["serves"]
        return False


class Load:
    """Clients that go on sending events, half of them over a connection that they keep."""

    def __init__(self, server, app_id=None):
        self.server, self.app_id = server, app_id
        self.acknowledged, self.refused, self.closes = [], [], 0
        self._numbers, self._stop = count(), threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n % 2 == 0,)) for n in range(2 * SENDERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *of_exception):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, keeps):
        connection = None
        while not self._stop.wait(PAUSE_SECONDS):
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
            try:
                answer = self._ask(connection)
                ends = answer.will_close or not keeps
                self.closes += answer.will_close and keeps
            except (OSError, http.client.HTTPException) as error:
                self.refused.append((keeps, repr(error)))
                ends = True
            if ends:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _ask(self, connection):
        name = f"event {next(self._numbers)}"
        body = json.dumps({"app_id": self.app_id, "identity": "ada", "event": name})
        connection.request("POST", "/api/track", body, JSON)
        answer = connection.getresponse()
        if answer.status != 200:
            raise http.client.HTTPException(answer.status, answer.read())
        answer.read()
        self.acknowledged.append(name)
        return answer


class Reading(Load):
    """The same with a page."""

    def _ask(self, connection):
        connection.request("GET", "/login/login/")
        answer = connection.getresponse()
        if answer.status != 200 or b"<form" not in answer.read():
            raise http.client.HTTPException(answer.status)
        return answer


@pytest.fixture(scope="module")
def url(django_db_setup, django_db_blocker):
    with served_database(django_db_blocker) as url:
        yield url


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    """A copy of what runs."""
    folder = tmp_path_factory.mktemp("code")
    for name in OURS:
        shutil.copytree(settings.BASE_DIR / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in OTHERS:
        source = settings.BASE_DIR / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


@pytest.fixture
def changed(code):
    """Writes a file of the copy, with one text replaced by another. All is put back in the end."""
    before = {}

    def change(name, old, new):
        path = code / name
        text = path.read_text() if path.exists() else None
        before.setdefault(path, text)
        assert text is None or old in text
        path.write_text(new if text is None else text.replace(old, new))

    yield change
    for path, text in before.items():
        path.unlink(missing_ok=True) if text is None else path.write_text(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reload")


@pytest.fixture(scope="module")
def collecting(url, code, folder):
    server = ServerOfCopy(url, folder, code, **OPTIONS).start()
    yield server
    server.kill()


@pytest.fixture
def started(url, code, tmp_path):
    """Starts a server of a class, and ends it."""
    made = []

    def start(of, **more):
        made.append(of(url, tmp_path, code, **OPTIONS, **more))
        return made[-1].start()

    yield start
    for server in made:
        server.kill()


@pytest.fixture
def pages(url, code, tmp_path):
    server = PagesOfCopy(
        url, tmp_path, code, application="heapadmin.wsgi:application", conf="heapadmin.gunicorn_wsgi_conf", **OPTIONS
    )
    yield server.start()
    server.kill()


def test_two_reloads_under_load_refuse_and_break_nothing(collecting, changed):
    environment = collecting.make_environment()
    assert eventually(lambda: collecting.post("/api/track", FIRST | {"app_id": environment.app_id}).status == 200)
    master = psutil.Process(collecting.process.pid).create_time()
    workers = [collecting.worker_pids()]

    with Load(collecting, environment.app_id) as load:
        changed(".env", "", "WEB_WORKERS=3\n")
        for health in ("one", "two"):
            changed("heapadmin/health.py", '"ok"' if health == "one" else '"one"', f'"{health}"')

            status, written = collecting.manage("reload")

            assert status == 0, written
            assert re.search(r"The web server \(process \d+\) runs the new code, and \d workers? of before ha", written)
            assert collecting.health() == f"{health}\n"
            workers.append(collecting.worker_pids())

    assert load.refused == []
    assert [len(pids) for pids in workers] == [2, 3, 3]
    assert len({pid for pids in workers for pid in pids}) == 2 + 3 + 3
    assert psutil.Process(collecting.process.pid).create_time() == master
    assert load.closes >= SENDERS  # those who keep connections were told to open new ones
    stored = [name for (name,) in collecting.events(environment)]
    assert sorted(stored) == sorted([*load.acknowledged, "first"])


def test_signals_in_quick_succession_end_no_server_and_leave_no_worker_of_before(collecting):
    """Each may meet a program that has just begun, and has no handlers yet."""
    environment, before = collecting.make_environment(), set(collecting.worker_pids())
    assert eventually(lambda: collecting.post("/api/track", FIRST | {"app_id": environment.app_id}).status == 200)

    with Load(collecting, environment.app_id) as load:
        for number in range(12):
            collecting.process.send_signal([signal.SIGUSR2, signal.SIGHUP][number % 2])
            time.sleep(0.05 + 0.03 * number)  # at other moments of a start
        assert collecting.process.poll() is None, collecting.log.read_text()[-1000:]
        assert eventually(lambda: len(pids := set(collecting.worker_pids())) == 2 and not before & pids, SLOW_SECONDS)
        last = set(collecting.worker_pids())
        assert collecting.manage("reload")[0] == 0

    assert not last & set(collecting.worker_pids())
    assert load.refused == []
    # Which version runs, and what waits, is told by those that run.
    [folder] = Path(tempfile.gettempdir()).glob(f"{metrics_folder.PREFIX}{collecting.process.pid}-*")
    assert collecting.request("GET", "/metrics", headers={"Authorization": f"Bearer {'x' * 24}"}).status == 200
    assert gauges_of(folder) == set(collecting.worker_pids())


def gauges_of(folder):
    """The processes that tell gauges."""
    return {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_*.db")}


def test_workers_of_before_end_although_those_in_between_never_served(collecting):
    before = set(collecting.worker_pids())
    collecting.process.send_signal(signal.SIGUSR2)
    between = set()
    while len(between) < 2:
        for pid in set(collecting.worker_pids()) - before - between:
            os.kill(pid, signal.SIGSTOP)  # it has hardly begun
            between.add(pid)
    collecting.process.send_signal(signal.SIGUSR2)

    assert eventually(lambda: not before & set(collecting.worker_pids()), SLOW_SECONDS)

    for pid in between:
        os.kill(pid, signal.SIGCONT)
    assert eventually(lambda: not between & set(collecting.worker_pids()))


def test_one_that_is_to_go_over_and_to_end_at_once_ends(started):
    """Such as one that was suspended: what it was sent meanwhile comes together."""
    process = started(ServerOfCopy).process

    for number in (signal.SIGSTOP, signal.SIGUSR2, signal.SIGTERM, signal.SIGCONT):
        process.send_signal(number)

    assert process.wait(SLOW_SECONDS) == 0


def test_a_socket_of_systemds_is_handed_on_twice(started):
    server = started(Activated)

    for _ in range(2):
        before = set(server.worker_pids())
        server.process.send_signal(signal.SIGUSR2)
        assert eventually(lambda before=before: not before & set(server.worker_pids()), SLOW_SECONDS)
        assert server.health() == "ok\n"


def test_the_jobs_worker_takes_over_what_it_had_started(started, changed, tmp_path):
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    worker = started(JobsOfCopy, PROMETHEUS_MULTIPROC_DIR=str(metrics))
    [child] = psutil.Process(worker.process.pid).children()

    changed("pyproject.toml", f'version = "{settings.VERSION}"', 'version = "9.9-new"')
    for _ in range(3):
        worker.process.send_signal(signal.SIGUSR2)
        time.sleep(0.02)
    assert eventually(lambda: worker.has_started() and worker.noted()["generation"] > 1, SLOW_SECONDS)
    assert eventually(lambda: child.status() == psutil.STATUS_ZOMBIE)
    now = "from time import time; from heapadmin.jobs import backups; backups.defer(timestamp=int(time()))"
    assert worker.manage("shell", "-c", now)[0] == 0

    assert eventually(lambda: not psutil.pid_exists(child.pid), SLOW_SECONDS)
    assert worker.process.poll() is None
    told = b"".join(path.read_bytes() for path in metrics.glob(f"gauge_*_{worker.process.pid}.db"))
    assert b"9.9-new" in told and settings.VERSION.encode() not in told


def test_pages_in_threads_are_exchanged_too(pages, changed):
    before = pages.worker_pids()
    changed("heapadmin/health.py", '"ok"', '"new"')

    with Reading(pages) as reading:
        status, written = pages.manage("reload")
        health, after = pages.health(), pages.worker_pids()

    assert status == 0, written
    assert re.search(r"The pages' server \(process \d+\) runs the new code, and 2 workers of before have", written)
    assert reading.refused == []
    assert health == "new\n"
    assert (len(after), set(before) & set(after)) == (2, set())


@pytest.mark.parametrize("of", ["a page", "workers"])
def test_code_that_does_not_start_changes_nothing(collecting, changed, of):
    before, health = collecting.worker_pids(), collecting.health()
    changed({"a page": "heapadmin/health.py", "workers": "heapadmin/pages.py"}[of], "from ", "from from ")

    status, written = collecting.manage("reload")

    assert status == 1
    assert "does not start, so everything goes on as before" in written
    assert "SyntaxError: invalid syntax" in written
    assert collecting.worker_pids() == before
    assert collecting.health() == health


def test_a_wrong_setting_changes_nothing(collecting, changed):
    before = collecting.worker_pids()
    changed(".env", "", "WEB_WORKERS=many\n")

    status, written = collecting.manage("reload")

    assert status == 1
    assert written == "WEB_WORKERS=many must be a whole number from 1 to 1,000.\n"
    assert collecting.worker_pids() == before


def test_a_migration_that_has_not_run_changes_nothing(collecting, changed):
    before = collecting.worker_pids()
    changed(LATER_FILE, "", LATER)

    status, written = collecting.manage("reload")

    assert status == 1
    assert f"in 1 step (collector.9999_later): manage.py migrate. {BESIDE}" in written
    assert collecting.worker_pids() == before


def test_older_code_may_start_again_beside_a_migration_that_says_so(collecting, changed, code):
    changed(LATER_FILE, "", LATER)
    migrated, written = collecting.manage("migrate", "--without-backup")
    (code / LATER_FILE).unlink()  # as on a machine that is not upgraded yet

    status, refusal = collecting.manage("procrastinate", "healthchecks")
    again, _ = collecting.manage("migrate")

    assert f"in 1 step. {BESIDE}" in written
    assert (migrated, status, again) == (0, 0, 0), refusal


def test_whom_the_data_does_not_belong_to_is_refused(settings, tmp_path, monkeypatch):
    """Root would run, as root, what others have noted there."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(roll.os, "geteuid", lambda: tmp_path.stat().st_uid + 1)

    with pytest.raises(roll.ReloadFailed, match="run this command as that user"):
        roll.reload(print)
    assert not list(tmp_path.iterdir())


def test_where_nothing_runs_it_says_so(collecting, tmp_path):
    status, written = collecting.manage("reload", DATA_DIR=str(tmp_path))

    assert status == 1
    assert f"No server runs here on the data folder {tmp_path}. Start one: make run" in written


def test_a_server_that_was_killed_is_not_found(collecting):
    collecting.kill()

    _, written = collecting.manage("reload")

    assert f"(process {collecting.process.pid})" not in written
