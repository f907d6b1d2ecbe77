"""A real pgbouncer in front of a server, in one of its modes."""

import contextlib
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from heapadmin.system_user import let_in, runner_for
from tests.ports import free_port

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
START_SECONDS = 30
FILE = """
[databases]
* = host={host} port={port_of_server} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 200
logfile = {log}
"""

needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is missing: apt-get install pgbouncer")


class PgBouncer:
    """Lets everybody in as the user of `conninfo`. `mode` is "transaction" or "session"."""

    def __init__(self, conninfo, folder, mode, size=60):
        self.server = conninfo_to_dict(conninfo)
        self.folder = Path(folder)
        self.mode = mode
        self.size = size
        self.port = free_port()

    @property
    def url(self):
        return f"postgres://{self.server['user']}@127.0.0.1:{self.port}/{quote(self.server['dbname'])}"

    def start(self):
        self.folder.mkdir(parents=True)
        runner = runner_for(self.folder)
        runner.own(self.folder)
        let_in(runner, self.folder, lambda words: None)
        self.log = self.folder / "log"
        file = self.folder / "pgbouncer.ini"
        way = {"host": self.server["host"], "user": self.server["user"]}
        way["port_of_server"] = self.server.get("port", "5432")
        file.write_text(FILE.format(port=self.port, mode=self.mode, size=self.size, log=self.log, **way))
        self.process = subprocess.Popen(
            [PROGRAM, "--quiet", file], cwd="/", stderr=subprocess.DEVNULL, **runner.popen_arguments()
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return self

    def _answers(self):
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
