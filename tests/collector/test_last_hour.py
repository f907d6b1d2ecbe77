"""What all processes counted within the last hour, in one file: added up, bounded, and written on a full disk too."""

import os
import resource
import subprocess
import sys
import threading
import time

import pytest
from django.conf import settings

from collector.counts.last_hour import SLOT_SECONDS, SLOTS, Counted, LastHour, Reporter, Slot
from collector.counts.tally import Tally
from collector.decide import Decision, Outcome
from collector.protocol import answers
from common import locked_file
from common.locked_file import LockedFile
from tests.small_disk import small_disk

NOW = 1_772_366_430.0
NUMBER = int(NOW) // SLOT_SECONDS
PROCESSES, TIMES = 4, 200
ADD = f"""
import sys
from pathlib import Path
from collector.counts.last_hour import LastHour, Slot
for _ in range({TIMES}):
    LastHour(Path(sys.argv[1])).add(Slot({NUMBER}, accepted=1, refused=2, last_accepted_at={NOW}))
"""


@pytest.fixture
def file(tmp_path):
    return LastHour(tmp_path / "last_hour")


def test_what_several_processes_add_at_the_same_time_is_added_up(file, tmp_path):
    command = [sys.executable, "-c", ADD, str(tmp_path / "last_hour")]
    running = [subprocess.Popen(command, cwd=settings.BASE_DIR) for _ in range(PROCESSES)]
    assert [process.wait() for process in running] == [0] * PROCESSES

    counted = file.counted(NOW)

    assert (counted.accepted, counted.refused) == (PROCESSES * TIMES, 2 * PROCESSES * TIMES)
    assert (counted.last_accepted_at, counted.last_refused_at) == (NOW, 0.0)


@pytest.mark.timeout(20)
def test_a_pipe_in_its_place_holds_nobody_up(file, tmp_path):
    os.mkfifo(tmp_path / "last_hour")

    assert file.counted(NOW) == Counted()
    with pytest.raises(OSError):
        file.add(Slot(NUMBER, accepted=1))


def test_only_the_last_minute_counts(file):
    for seconds, refused in ((0, 1), (55, 10), (80, 100), (3_500, 1_000)):
        file.add(Slot(int(NOW - seconds) // SLOT_SECONDS, refused=refused))

    assert file.counted(NOW).refused == 11
    assert [slot.refused for slot in file.slots(NOW)] == [1_000, 100, 10, 1]


def test_what_is_older_than_an_hour_or_of_the_future_is_forgotten(file):
    file.add(Slot(NUMBER - SLOTS, refused=5))
    file.add(Slot(NUMBER + 1, refused=7))
    assert file.slots(NOW) == []

    file.add(Slot(NUMBER, accepted=1))  # in the place of the first

    assert file.slots(NOW) == [Slot(NUMBER, accepted=1)]


def test_the_file_never_grows(file, tmp_path):
    file.add(Slot(NUMBER))
    size = (tmp_path / "last_hour").stat().st_size
    for number in range(NUMBER, NUMBER + 3 * SLOTS):
        file.add(Slot(number, accepted=1))

    assert (tmp_path / "last_hour").stat().st_size == size < 20_000
    assert (tmp_path / "last_hour").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"x" * 33, bytes(40) * 3])
def test_without_a_whole_file_nothing_is_known(file, tmp_path, content):
    assert file.counted(NOW) == Counted()
    (tmp_path / "last_hour").write_bytes(content)

    assert file.counted(NOW) == Counted()
    file.add(Slot(NUMBER, accepted=1))
    assert file.counted(NOW).accepted == 1


def test_a_collector_that_stopped_reporting_is_taken_for_gone(file):
    file.add(Slot(NUMBER))

    assert file.counted(NOW).is_reported
    assert not file.counted(NOW + 60).is_reported


def test_a_reporter_reports_what_needs_the_database_and_that_it_is_there(file):
    reporter = Reporter(file)
    reporter.report()
    assert file.counted(time.time()) == Counted(is_reported=True)

    now = time.time()
    for outcome in Outcome:
        reporter.note(outcome, 3, now)
    reporter.note(Outcome.ACCEPTED, 2, now - SLOT_SECONDS)
    reporter.report()

    assert file.counted(now) == Counted(5, 3, now, now, is_reported=True)


def test_what_cannot_be_written_now_is_written_later_and_once(file, tmp_path, monkeypatch):
    monkeypatch.setattr(locked_file, "TRIES", 2)
    reporter = Reporter(file)
    now = time.time()
    with LockedFile(tmp_path / "last_hour", 1).locked():  # by somebody who was stopped meanwhile
        for _ in range(3):
            reporter.note(Outcome.UNAVAILABLE, 1, now)
            reporter.report()
        assert file.counted(now).refused == 0

    reporter.report()
    reporter.report()

    assert file.counted(now).refused == 3


def test_a_reporter_remembers_an_hour_at_most(tmp_path):
    reporter = Reporter(LastHour(tmp_path / "nowhere" / "last_hour"))
    for ago in range(0, 10 * SLOTS * SLOT_SECONDS, SLOT_SECONDS):
        reporter.note(Outcome.ACCEPTED, 1, time.time() - ago)
        if ago % 1_000 == 0:
            reporter.report()
    reporter.report()

    assert len(reporter._counted) <= SLOTS + 1


def test_a_file_that_was_deleted_is_made_anew(file, tmp_path):
    file.add(Slot(NUMBER, accepted=1))
    (tmp_path / "last_hour").unlink()

    file.add(Slot(NUMBER, accepted=2))

    assert file.counted(NOW).accepted == 2


def test_it_is_written_by_a_process_that_may_open_nothing_more(file):
    file.add(Slot(NUMBER, accepted=1))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        file.add(Slot(NUMBER, accepted=1))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    assert file.counted(NOW).accepted == 2


def test_it_can_be_written_while_the_disk_is_full():
    with small_disk(1) as disk:
        file = LastHour(disk.folder / "last_hour")
        file.add(Slot(NUMBER, accepted=1))
        disk.fill()

        for number in range(NUMBER, NUMBER + SLOTS):
            file.add(Slot(number, refused=1))

        assert file.counted(NOW + SLOTS * SLOT_SECONDS - 1).refused == 7


def test_requests_are_noted_once_however_often_a_write_fails(file):
    reporter = Reporter(file)
    tally = Tally(reporter)
    now = time.time()
    for _ in range(3):
        tally.add("/h", Decision(answers.OK, Outcome.ACCEPTED), now)
        tally.give_back(tally.take())
    tally.add("/h", Decision(answers.OK, Outcome.UNAVAILABLE), now)
    tally.take()
    reporter.report()

    assert file.counted(now) == Counted(3, 1, now, now, is_reported=True)


def test_a_request_costs_nothing_more(file):
    """The reporter is told when counts are taken, every two seconds, and not by a request."""
    reporter = Reporter(file)
    noted = []
    reporter.note = lambda *arguments: noted.append(arguments)
    tally = Tally(reporter)
    now = time.time()
    for _ in range(10_000):
        tally.add("/h", Decision(answers.OK, Outcome.ACCEPTED), now)
    assert noted == []

    tally.take()

    assert noted == [(Outcome.ACCEPTED, 10_000, now)]


def test_a_process_has_one_thread_for_it_which_reports_what_is_left_at_the_end(file):
    before = threading.active_count()
    reporter = Reporter(file)
    for _ in range(3):
        reporter.start()
    assert threading.active_count() == before + 1

    now = time.time()
    reporter.note(Outcome.ACCEPTED, 1, now)
    reporter.stop()

    assert file.counted(now).accepted == 1
