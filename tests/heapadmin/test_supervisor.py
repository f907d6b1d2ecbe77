import json
import signal
import sys
import time

import pytest

from heapadmin.processes import Identity
from heapadmin.standalone import supervisor as module
from heapadmin.standalone.supervisor import Service, Supervisor, end_leftovers
from tests.heapadmin.running import eventually

SLEEP = "import time; time.sleep(60)"
STOPS_IN_WORDS = (
    "import signal, sys, time, pathlib\n"
    "def stop(*_): pathlib.Path(sys.argv[1]).write_text('stopped'); sys.exit()\n"
    "signal.signal(signal.SIGTERM, stop); pathlib.Path(sys.argv[1]).write_text('runs'); time.sleep(60)"
)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def service(code, *arguments):
    return Service("It", [sys.executable, "-c", code, *map(str, arguments)])


@pytest.fixture
def supervise(tmp_path):
    made = []

    def make(*services):
        said = []
        supervisor = Supervisor(services, None, tmp_path / "processes.json", said.append)
        supervisor.said = said
        made.append(supervisor)
        return supervisor

    yield make
    for supervisor in made:
        supervisor.stop_services(lambda: True)


def test_who_dies_is_started_again_after_a_pause(supervise):
    one = service(SLEEP)
    supervisor = supervise(one)
    supervisor.look()
    one.process.kill()
    one.process.wait()

    supervisor.look()
    paused = one.process is None
    one.next_start = 0
    supervisor.look()

    assert paused
    assert one.process.poll() is None
    assert supervisor.said == ["It ended unexpectedly (exit status -9); starting it again in 0.5 s."]


def test_the_pause_doubles_up_to_half_a_minute():
    one = service(SLEEP)
    one.started = time.monotonic()

    pauses = [one.note_its_end(1) for _ in range(9)]

    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_who_ran_for_long_starts_again_with_the_shortest_pause():
    one = service(SLEEP)
    one.failures = 8
    one.started = time.monotonic() - module.HEALTHY_AFTER_SECONDS - 1

    assert one.note_its_end(1) == 0.5


def test_all_are_asked_to_stop_and_waited_for(supervise, tmp_path):
    files = [tmp_path / "a", tmp_path / "b"]
    supervisor = supervise(*(service(STOPS_IN_WORDS, file) for file in files))
    supervisor.look()
    assert eventually(lambda: all(file.exists() and file.read_text() == "runs" for file in files))

    supervisor.stop_services(lambda: False)

    assert [file.read_text() for file in files] == ["stopped", "stopped"]
    assert json.loads(supervisor.record.read_text()) == []


def test_in_a_hurry_nobody_is_waited_for(supervise):
    supervisor = supervise(service(DEAF))
    supervisor.look()
    identity = supervisor.services[0].identity
    time.sleep(0.3)
    started = time.monotonic()

    supervisor.stop_services(lambda: True)

    assert not identity.is_alive()
    assert time.monotonic() - started < module.GRACE_SECONDS / 2


def test_the_next_start_ends_what_the_record_lists(supervise, tmp_path):
    supervisor = supervise(service(SLEEP))
    supervisor.look()
    identity, said = supervisor.services[0].identity, []

    end_leftovers(tmp_path / "processes.json", said.append)

    assert not identity.is_alive()
    assert said == ["Ending 1 processes that an earlier run left behind."]
    assert supervisor.services[0].process.wait() == -signal.SIGTERM


@pytest.mark.parametrize("text", ["", "[[1", "{}", "[]", "[[99999999, 1.0]]", '[[99999999, 1, "boot"]]'])
def test_a_record_that_says_nothing_useful_ends_nobody(tmp_path, text):
    record, said = tmp_path / "processes.json", []
    record.write_text(text)

    end_leftovers(record, said.append)

    assert said == []
    assert Identity.of(1) is not None


def test_a_record_that_cannot_be_written_is_written_later(supervise, tmp_path):
    one = service(SLEEP)
    supervisor = supervise(one)
    draft = supervisor.record.with_suffix(".new")
    draft.mkdir()  # as on a full disk, nothing can be written

    supervisor.look()
    missing = not supervisor.record.exists()
    draft.rmdir()
    supervisor.look()

    assert missing
    assert json.loads(supervisor.record.read_text())[0][0] == one.identity.pid
