"""`manage.py importevents`, run as operators run it, beside a collector that is in use."""

import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core.management.base import CommandError

from collector.imports.importer import CHUNK_EVENTS
from heapadmin.management.commands.importevents import size_of

YEAR = datetime.now(UTC).year - 4
START = datetime(YEAR, 3, 1, tzinfo=UTC)
KILLS = 3
NOBODY = 65534
MEMORY_BYTES = 60 * 2**20  # a file of 300 MiB may take so much more than a small one


def lines(count, first=0):
    """Events of some months, each of which is there once."""
    for number in range(first, first + count):
        moment = (START + timedelta(minutes=17 * number)).isoformat()
        yield json.dumps({"event": "Order", "identity": f"user{number % 50}", "timestamp": moment}) + "\n"


class Command:
    def __init__(self, server, environment):
        self.server, self.app_id = server, environment.app_id

    def start(self, *arguments, app_id=None, **options):
        command = [sys.executable, "manage.py", "importevents", "--app-id", app_id or self.app_id]
        environment = os.environ | {"DATABASE_URL": self.server.url}
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen([*command, *map(str, arguments)], cwd=settings.BASE_DIR, env=environment, **streams)

    def run(self, *arguments, given=None, **options):
        process = self.start(*arguments, stdin=subprocess.PIPE, **options)
        out, err = process.communicate(given)
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
def command(server, environment):
    return Command(server, environment)


def test_a_file_is_imported_once_and_its_months_have_partitions(command, environment, tmp_path):
    file = tmp_path / "history.ndjson.gz"
    file.write_bytes(gzip.compress("".join(lines(4_000)).encode()))

    first, second = command.run(file), command.run(file)

    assert first[0] == second[0] == 0, first[2] + second[2]
    assert first[1].startswith("4,000 lines in ") and ": 4,000 events stored, 0 were there already, 0 " in first[1]
    assert ": 0 events stored, 4,000 were there already" in second[1]
    found = command.server.query(
        "select tableoid::regclass::text, count(*) from events where environment_id = %s group by 1 order by 1",
        environment.pk,
    )
    assert [name for name, _ in found] == [f"events_{YEAR}_03", f"events_{YEAR}_04"]
    assert sum(count for _, count in found) == 4_000


def test_the_standard_input_is_one_of_several_files(command, environment, tmp_path):
    file = tmp_path / "more.ndjson"
    file.write_text("".join(lines(30, first=10)))

    status, out, _ = command.run("-", file, given="".join(lines(20)).encode())

    assert (status, len(command.server.events(environment))) == (0, 40)
    assert "50 lines" in out and "40 events stored, 10 were there already" in out


def test_bad_lines_are_named_on_stderr_and_in_the_exit_status(command, environment, tmp_path):
    file = tmp_path / "history.ndjson"
    file.write_text("".join(lines(3)) + '{"event": "Order"}\n{\n' + "".join(lines(2, first=3)))

    status, out, err = command.run(file)

    assert status == 1
    assert f"{file}, line 4: timestamp is missing" in err and f"{file}, line 5: the line is not valid JSON" in err
    assert "5 events stored" in out and "2 bad" in out
    assert len(command.server.events(environment)) == 5


def test_an_environment_that_is_not_there_is_said(command):
    status, _, err = command.run("-", app_id="7", given=b"")

    assert (status, err.count("\n")) == (1, 1) and "No environment has the app_id 7." in err


@pytest.mark.parametrize(("name", "words"), [
    ("nowhere", "No such file or directory"), ("nowhere/at/all", "No such file or directory"),
    ("folder", "Is a directory"), ("good/more", "Not a directory"), ("x" * 300, "File name too long"),
    ("/proc/self/mem", "after line 0 the file cannot be read: [Errno 5] Input/output error"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_is_named_in_one_line(command, environment, tmp_path, name, words):
    (tmp_path / "folder").mkdir()
    good, wrong = tmp_path / "good", tmp_path / name
    good.write_text("".join(lines(3)))

    status, _, err = command.run(good, wrong)

    assert (status, err.count("\n")) == (1, 1)
    assert f"{wrong}: {words}" in err
    is_read = name.startswith("/proc")
    assert len(command.server.events(environment)) == (3 if is_read else 0)  # names are looked at first


def test_a_file_that_may_not_be_read_is_named(command, tmp_path):
    """As somebody else than root, whom nothing is forbidden."""
    file = tmp_path / "secret"
    file.touch(mode=0)

    with pytest.raises(CommandError, match=f"{file}: Permission denied."), as_nobody():
        size_of(str(file))


@contextmanager
def as_nobody():
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_pipes_are_read_once(command, environment, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("".join(lines(20))))
    writer.start()

    status, out, err = command.run(pipe, "-", "-", given="".join(lines(20, first=10)).encode())
    writer.join()

    assert status == 0, err
    assert "40 lines" in out and len(command.server.events(environment)) == 30


def test_windows_marks_and_ends_of_lines_are_read(command, environment, tmp_path):
    file = tmp_path / "history.ndjson"
    file.write_bytes(
        b"\xef\xbb\xbf" + "\r\n".join(each.strip() for each in [*lines(2), "", *lines(1, first=2)]).encode()
    )

    status, out, err = command.run(file)

    assert status == 0, err
    assert "3 lines" in out and len(command.server.events(environment)) == 3


def test_on_a_terminal_it_tells_how_far_it_is(command, tmp_path):
    """Soon, in the colour of plain words, and never more than all."""
    file = tmp_path / "history.ndjson"
    file.write_text("".join(lines(40_000)))
    terminal, given = os.openpty()
    with file.open("rb") as stdin:
        process = command.start("-", file, stdin=stdin, stdout=given, stderr=given)
    os.close(given)
    told = b""
    while b"left" not in told:
        told += os.read(terminal, 1_000)
    process.kill()
    process.communicate()
    os.close(terminal)

    assert re.fullmatch(
        r"[\d,]+ lines · [\d,]+ a second · \d?\d% · (under 1|\d+) min left( · [\d,]+ repeats)?\s+", told.decode()
    ), told


def test_killed_again_and_again_it_stores_each_event_once(command, environment, tmp_path):
    """The collector takes events of the same people meanwhile."""
    chance = random.Random(5)
    file = tmp_path / "history.ndjson"
    file.write_text("".join(lines(15_000)))
    live, stop = [], threading.Event()

    def collect():
        while not stop.is_set():
            body = {"app_id": command.app_id, "event": "Live", "identity": f"user{len(live) % 50}"}
            live.append(command.server.post("/api/track", body).status)

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        stored = 0
        for _ in range(KILLS):
            process = command.start(file, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + 60
            while count_of(command, environment) == stored and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(chance.random() * 0.2)
            process.kill()
            process.wait()
            stored = count_of(command, environment)
        assert 0 < stored < 15_000
        status, out, err = command.run(file)
    finally:
        stop.set()
        thread.join()

    assert status == 0, err
    assert f"{stored:,} were there already" in out
    assert count_of(command, environment) == 15_000
    assert command.server.query(
        "select count(*), count(distinct time) from events where environment_id = %s and name = 'Order'", environment.pk
    ) == [(15_000, 15_000)]
    assert live and set(live) == {200}


def count_of(command, environment):
    sql = "select count(*) from events where environment_id = %s and name = 'Order'"
    return command.server.query(sql, environment.pk)[0][0]


def test_it_goes_on_when_its_connections_are_cut(command, environment, tmp_path):
    """As by a database that starts again. What it does is known by its lock, which it holds while it stores."""
    file = tmp_path / "history.ndjson"
    file.write_text("".join(lines(30_000)))
    process = command.start(file)
    cut = 0
    while cut < KILLS and process.poll() is None:
        theirs = command.server.query(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 1"
            " and (classid::bigint << 32) | objid::bigint = hashtextextended('import', %s)",
            environment.pk,
        )
        cut += len(theirs)
        time.sleep(0.005)

    out, err = process.communicate()

    assert cut >= KILLS
    assert process.returncode == 0, err.decode()
    assert count_of(command, environment) == 30_000
    assert "30,000 lines in" in out.decode() and " 0 bad" in out.decode()


def test_interrupted_it_says_where_to_go_on(command, environment, tmp_path):
    file = tmp_path / "history.ndjson"
    file.write_text("".join(lines(15_000)))
    process = command.start(file)
    while count_of(command, environment) <= CHUNK_EVENTS:  # more than one commit, so it has noted the first
        assert process.poll() is None
        time.sleep(0.02)

    process.send_signal(signal.SIGINT)
    _, err = process.communicate()

    assert process.returncode == 130
    assert "Stopped. Up to line " in err.decode()
    following = int(err.decode().split("--from-line ")[1].split()[0])
    assert count_of(command, environment) >= following - 1 > 0
    status, out, _ = command.run(file, "--from-line", following)
    assert status == 0 and f"{15_000 - following + 1:,} lines" in out
    assert count_of(command, environment) == 15_000


def test_a_large_file_takes_no_more_memory_than_a_small_one(command, tmp_path):
    def peak(count):
        file = tmp_path / f"{count}.gz"
        with gzip.open(file, "wb", 1) as packed:
            for _ in range(count):
                packed.write(b'{"event": "' + b"x" * 2**20 + b'"}\n')
        process = command.start(file, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        return usage.ru_maxrss * 1024

    assert peak(300) - peak(3) < MEMORY_BYTES


# --- From Heap ------------------------------------------------------------------------------------------------------
PAGE = settings.BASE_DIR / "docs" / "import-history.md"
TABLES = {
    "checkout.csv": """event_id,time,user_id,session_id,total,note,zip,coupon
11,2024-03-01 09:30:00.5,4948129760563001,3063356373960001,12.50,"two
lines",00123,
12,2024-03-01 09:31:00,4948129760563002,,7,,,
13,2024-03-01 09:32:00,4948129760563003,,8,,,
""",
    "users.csv": """user_id,identity,joindate,plan,email
4948129760563001,ada@shop.example,2024-01-01 00:00:00,pro,ada@shop.example
4948129760563002,,2024-01-01 00:00:00,free,
4948129760563004,00987,2024-01-01 00:00:00,,bob@shop.example
""",
    "migrations.csv": """from_user_id,to_user_id,time
4948129760563003,4948129760563005,2024-01-01 00:00:00
4948129760563005,4948129760563004,2024-01-01 00:00:00
""",
}


@pytest.fixture
def export(tmp_path):
    """A folder with tables of Heap's and the script of the page. Returns a function that runs it."""
    (script,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for name, text in TABLES.items() | {("heap-to-ndjson", script)}:
        (tmp_path / name).write_text(text)

    def run(*arguments):
        command = [sys.executable, "heap-to-ndjson", *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True).stdout

    return run


def test_an_export_of_heap_becomes_events(command, environment, export):
    given = export(
        "--name", "Check out", "--users", "users.csv", "--migrations", "migrations.csv", "checkout.csv"
    ).encode()

    first, second = command.run("-", given=given), command.run("-", given=given)

    assert first[0] == second[0] == 0, first[2]
    assert ": 3 events stored, 0 " in first[1] and ": 0 events stored, 3 " in second[1]
    found = command.server.query(
        "select e.name, p.identity, e.actor_id >= 0, e.session_id, e.time::text, e.properties from events e"
        " left join people p using (environment_id, actor_id) where e.environment_id = %s order by e.time",
        environment.pk,
    )
    assert found == [
        ("Check out", "ada@shop.example", False, 3063356373960001, "2024-03-01 09:30:00.5+00",
         {"total": 12.5, "note": "two\nlines", "zip": "00123"}),
        ("Check out", None, True, None, "2024-03-01 09:31:00+00", {"total": 7}),
        ("Check out", "00987", False, None, "2024-03-01 09:32:00+00", {"total": 8}),
    ]  # fmt: skip


def test_and_its_people_have_their_properties(command, environment, export):
    for request in export("--people", environment.app_id, "users.csv").splitlines():
        assert command.server.post("/api/add_user_properties", json.loads(request)).status == 200

    assert dict(
        command.server.query("select identity, properties from people where environment_id = %s", environment.pk)
    ) == {
        "ada@shop.example": {"joindate": "2024-01-01 00:00:00", "plan": "pro", "email": "ada@shop.example"},
        "00987": {"joindate": "2024-01-01 00:00:00", "email": "bob@shop.example"},
    }
