"""The snapshot that all workers share: the newest wins, half a write is no content, a full disk does not matter."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.http import HttpResponse

from support.status.middleware import StatusMiddleware
from support.status.shared_file import FILE_NAME, MOST_BYTES, SharedFile
from tests.small_disk import small_disk

OLDER = set().__contains__  # no content is kept
WRITE = """
import sys
from contextlib import suppress
from pathlib import Path
from support.status.shared_file import SharedFile
file, number = SharedFile(Path(sys.argv[1])), int(sys.argv[2])
for n in range(300):
    with suppress(BlockingIOError):  # the others had the lock for a tenth of a second
        file.write(number + n, bytes([number % 251]) * (number % 1_000 * 200), keeps=lambda shared: False)
"""


@pytest.fixture
def file(tmp_path):
    return SharedFile(tmp_path / "status")


def test_without_a_file_there_is_nothing(file, tmp_path):
    assert (file.newest_number(), file.read()) == (0, None)
    (tmp_path / "status").write_bytes(b"short")
    assert (file.newest_number(), file.read()) == (0, None)


@pytest.mark.timeout(20)
def test_a_pipe_in_its_place_holds_nobody_up(file, tmp_path):
    os.mkfifo(tmp_path / "status")

    assert (file.newest_number(), file.read()) == (0, None)
    with pytest.raises(OSError):
        file.write(5, b"five", keeps=OLDER)


def test_what_is_written_is_read_and_a_newer_one_stays(file):
    file.write(5, b"five", keeps=OLDER)
    file.write(4, b"four", keeps=range(5, 10).__contains__)
    assert file.read() == (5, b"five")

    file.write(6, b"6", keeps=range(7, 10).__contains__)
    assert (file.newest_number(), file.read()) == (6, (6, b"6"))


def test_half_a_content_is_none(file, tmp_path):
    file.write(5, b"x" * 1_000, keeps=OLDER)
    with (tmp_path / "status").open("r+b") as opened:
        opened.seek(500)
        opened.write(b"y")

    assert file.read() is None


def test_readers_never_see_a_mixture_while_others_write(file, tmp_path):
    command = [sys.executable, "-c", WRITE, str(tmp_path / "status")]
    running = [subprocess.Popen([*command, str(n)], cwd=settings.BASE_DIR) for n in (1_003, 2_400, 3_999)]
    seen = set()
    while any(process.poll() is None for process in running):
        found = file.read()
        if found is not None:
            assert len(set(found[1])) == 1
            seen.add(found[1][0])

    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(seen) > 1


def test_it_is_the_owners_alone_has_one_size_and_takes_no_more(file, tmp_path):
    file.write(1, b"", keeps=OLDER)
    size = (tmp_path / "status").stat().st_size
    file.write(2, os.urandom(MOST_BYTES), keeps=OLDER)

    assert (tmp_path / "status").stat().st_size == size
    assert (tmp_path / "status").stat().st_mode & 0o777 == 0o600
    with pytest.raises(OSError, match="too many"):
        file.write(3, bytes(MOST_BYTES + 1), keeps=OLDER)
    assert file.newest_number() == 2


def test_it_can_be_written_while_the_disk_is_full():
    with small_disk(1) as disk:
        file = SharedFile(disk.folder / "status")
        file.write(1, b"", keeps=OLDER)
        disk.fill()

        file.write(2, os.urandom(MOST_BYTES), keeps=OLDER)

        assert file.read()[0] == 2


def test_a_worker_that_starts_makes_room_for_it_before_anybody_asks(settings):
    with small_disk(1) as disk:
        settings.DATA_DIR = disk.folder
        StatusMiddleware(HttpResponse)
        disk.fill()
        file = SharedFile(disk.folder / FILE_NAME)
        assert file.read() is None

        file.write(1, os.urandom(MOST_BYTES), keeps=OLDER)

        assert file.read()[0] == 1


def test_a_worker_starts_where_there_is_no_room_for_it(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "missing"

    StatusMiddleware(HttpResponse)

    assert list(tmp_path.iterdir()) == []
