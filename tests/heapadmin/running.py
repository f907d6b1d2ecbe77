"""A real installation for tests: `manage.py standalone` on a folder and port of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
from django.conf import settings

from tests.ports import free_port

START_SECONDS = 60


class Installation:
    """Heapadmin in `folder`. `start()` may be called again after `stop()` or `kill()`."""

    def __init__(self, folder, **environment):
        self.folder = Path(folder)
        self.port = free_port()
        self.environment = {
            **os.environ,
            "DATABASE_URL": "",
            "DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "SITE_URL": f"http://127.0.0.1:{self.port}",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.process = None
        self.output = ""

    def command(self, *arguments):
        return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]

    def launch(self):
        self.log = self.folder.with_name(f"{self.folder.name}-{time.monotonic_ns()}.log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command("standalone"), env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        return self

    def start(self):
        self.launch()
        self.wait_for("Ctrl-C stops it")
        return self

    def wait_for(self, words):
        deadline = time.monotonic() + START_SECONDS
        while words not in self.read():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def read(self):
        self.output = self.log.read_text()
        return self.output

    def stop(self, which=signal.SIGINT):
        """As Ctrl-C does; returns the exit status."""
        self.process.send_signal(which)
        return self.process.wait(60)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def run(self, *arguments):
        """A management command in another terminal."""
        return subprocess.run(self.command(*arguments), env=self.environment, capture_output=True, text=True)

    def get(self, path):
        """Status and body."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def post(self, path, payload):
        """The status; 0 when nobody answers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", json.dumps(payload).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def processes(self, name=""):
        """Every process of this installation, wherever its parent went; `name` narrows by command line."""
        found = []
        for process in psutil.process_iter():
            try:
                line = " ".join(process.cmdline())
                ours = str(self.folder) in line or process.environ().get("DATA_DIR") == str(self.folder)
            except psutil.Error:
                continue
            if ours and name in line and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def end(self):
        """Leave nothing behind, however the test went."""
        if self.process is not None and self.process.poll() is None:
            self.stop(signal.SIGTERM)
        for process in self.processes():
            process.kill()

    def app_id(self):
        return re.search(r"app_id +(\d{10})", self.read())[1]


def eventually(check, seconds=20):
    """Whether `check()` becomes true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(0.1)
    return False
