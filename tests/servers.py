"""The collector as it really runs: gunicorn with two workers on a database of its own, for tests that need HTTP."""

import asyncio
import contextlib
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
from django.conf import settings
from django.db import connections

from accounts.models import Account
from heapadmin.given_settings.database import database
from ipfilter.models import ExcludedIP, ExcludedIPList
from ipfilter.rules.lists import parse
from projects.models import PRODUCTION, Environment, Project
from tests.ports import free_port

ALIAS = "served"  # Django's name for the server's database
START_SECONDS = 300  # however slow the machine is
STOP_SECONDS = 300
NUMBERS = itertools.count(1)  # one server's database may be made while another's is in use
JSON = {"Content-Type": "application/json"}


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self):
        return self.body.decode()


class CollectingServer:
    """Gunicorn on the database named by `url`. `start()` may be called again after `stop()` or `kill()`."""

    code = settings.BASE_DIR  # where it is started

    def __init__(
        self,
        url,
        folder,
        application="heapadmin.asgi:application",
        workers=2,
        conf="heapadmin.gunicorn_conf",
        **environment,
    ):
        self.url = url
        self.folder = Path(folder)
        self.application = application
        self.conf = conf
        self.port = free_port()
        self.environment = {
            **os.environ,
            "DATABASE_URL": url,
            "DATA_DIR": str(folder),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "SITE_URL": f"http://127.0.0.1:{self.port}",
            "WEB_WORKERS": str(workers),
            **environment,
        }
        self.process = None
        self.log = self.folder / f"gunicorn-{self.port}.log"

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}"

    def collect_static(self):
        """Pages need their style sheets under their final names, before the start."""
        command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
        subprocess.run(command, cwd=settings.BASE_DIR, env=self.environment, check=True)
        return self

    # --- Its life -------------------------------------------------------------------------------------------------
    def command(self):
        return [sys.executable, "-m", "gunicorn", "-c", f"python:{self.conf}", self.application]

    def start(self, **options):
        """`options` go to subprocess.Popen."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.code,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **options,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.has_started():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return self

    def has_started(self):
        """Whether a worker is there that knows its environments."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.post("/api/track", {"app_id": "0"}).status == 400
        return False

    def worker_pids(self):
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def stop(self, which=signal.SIGTERM):
        """Ask it to stop, wait until it has, return its exit status."""
        self.process.send_signal(which)
        return self.process.wait(STOP_SECONDS)

    def kill(self):
        if self.process.poll() is not None:
            return
        for pid in [self.process.pid, *self.worker_pids()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    # --- Talking to it ----------------------------------------------------------------------------------------------
    def request(self, method, path, body=None, headers=(), source="127.0.0.1"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=(source, 0))
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def post(self, path, payload, headers=(), **options):
        """POST `payload`: bytes as they are, anything else as JSON."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.request("POST", path, body, JSON | dict(headers), **options)

    # --- What it knows and stores -----------------------------------------------------------------------------------
    def query(self, sql, *parameters):
        with psycopg.connect(conninfo_of(self.url), autocommit=True) as connection:
            return connection.execute(sql, parameters).fetchall()

    def events(self, environment, what="name"):
        """The chosen columns of an environment's events, in the order in which they were stored."""
        return self.query(f"select {what} from events where environment_id = %s order by id", environment.pk)

    def people(self, environment):
        """{identity, or number of a visitor: properties}"""
        rows = self.query(
            "select coalesce(identity, actor_id::text), properties from people where environment_id = %s",
            environment.pk,
        )
        return dict(rows)

    def make_environment(self):
        """An environment of an account of its own; its `app_id` is taken at once."""
        account = Account.objects.using(ALIAS).create(name=f"Account {uuid4()}")
        project = Project.objects.using(ALIAS).create(account=account, name="Shop")
        return self.add_environment(project, PRODUCTION, is_production=True)

    def add_environment(self, project, name, **fields):
        return Environment.objects.using(ALIAS).create(project=project, name=name, **fields)

    def exclude(self, text, *, account=None, environment=None):
        """Save a list of excluded IPs, the account's or one environment's."""
        account = account or environment.project.account
        excluded = ExcludedIPList.objects.using(ALIAS).create(account=account, environment=environment, text=text)
        ExcludedIP.objects.using(ALIAS).bulk_create(
            ExcludedIP(list=excluded, canonical=rule.canonical, source=rule.source, position=number)
            for number, rule in enumerate(parse(text).rules)
        )
        return excluded


def conninfo_of(url):
    found = database(url)
    return psycopg.conninfo.make_conninfo(
        host=found["HOST"] or None,
        port=found["PORT"] or None,
        user=found["USER"] or None,
        password=found["PASSWORD"] or None,
        dbname=found["NAME"],
    )


def sibling_url(name):
    """The URL of another database on the server that the tests use."""
    return f"{settings.DATABASE_URL.split('?')[0].rsplit('/', 1)[0]}/{name}"


def forget_connection():
    """Close what ALIAS means to this thread, so that it may mean another database."""
    connections[ALIAS].close()
    del connections[ALIAS]


def close_connections():
    """Close Django's connections of this thread: those it has where a browser's event loop runs, and the others."""
    loop = asyncio._get_running_loop()
    connections.close_all()
    asyncio._set_running_loop(None)
    connections.close_all()
    asyncio._set_running_loop(loop)


@contextlib.contextmanager
def served_database(django_db_blocker):
    """An empty, migrated database, known to Django as ALIAS while it exists; yields its URL.

    A copy of pytest-django's, which is there when any test of the run asks for it; else made from nothing.
    Tests on it have no mark `django_db`: that would forbid them any database but the default one.
    """
    with django_db_blocker.unblock():
        close_connections()
        original = connections["default"].settings_dict["NAME"]
        is_test_database = original.startswith("test_")
        name = f"{original}_served{next(NUMBERS)}"
        outer = connections.databases.get(ALIAS)
        if outer is not None:
            forget_connection()
        with psycopg.connect(conninfo_of(sibling_url("postgres")), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{name}" with (force)')
            admin.execute(f'create database "{name}"' + f' template "{original}"' * is_test_database)
            if not is_test_database:
                manage(sibling_url(name), "migrate", "--verbosity=0")
            connections.databases[ALIAS] = connections.databases["default"] | {"NAME": name}
            try:
                yield sibling_url(name)
            finally:
                forget_connection()
                del connections.databases[ALIAS]
                if outer is not None:
                    connections.databases[ALIAS] = outer
                admin.execute(f'drop database "{name}" with (force)')


def manage(url, *arguments):
    """Run a management command on the database named by `url`; return what it printed."""
    command = [sys.executable, "manage.py", *arguments]
    environment = os.environ | {"DATABASE_URL": url}
    return subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True, stdout=subprocess.PIPE).stdout
