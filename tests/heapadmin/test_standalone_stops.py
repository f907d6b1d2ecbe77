import os
import signal

import psutil
import pytest

from tests.heapadmin.running import Installation, eventually

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The data folder that the tests of this file use one after another: only the first start is a cold one."""
    return tmp_path_factory.mktemp("stops") / "data"


@pytest.fixture
def installation(folder):
    installation = Installation(folder)
    yield installation
    installation.end()


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_leaves_no_process(installation, which):
    installation.start()

    status = installation.stop(which)

    assert status == 0, installation.read()
    assert installation.processes() == []
    assert not (installation.folder / "postgres" / "data" / "postmaster.pid").exists()
    assert not (installation.folder / "processes.json").exists()


def test_asked_in_the_middle_of_a_start_it_leaves_no_process(installation):
    installation.launch()
    assert eventually(lambda: installation.processes("bin/postgres"))

    installation.stop()

    assert eventually(lambda: installation.processes() == [], seconds=5)


def test_killed_it_starts_again_at_once(installation):
    installation.start()
    former = psutil.Process(installation.process.pid).children(recursive=True)
    installation.kill()

    installation.start()

    assert installation.get("/readyz") == (200, "ok\n")
    assert len(former) > 4
    assert not any(process.is_running() for process in former)
    assert "password" not in installation.read()  # that is for the very first start


def test_orphans_of_a_killed_run_are_ended(installation):
    installation.start()
    orphans = [process for process in installation.processes() if process.pid != installation.process.pid]
    for process in orphans:
        process.suspend()  # so that nothing reaches them when their parent dies
    installation.kill()
    pid, started_at = orphans[0].pid, orphans[0].create_time()

    for process in orphans:
        process.resume()
    installation.start()

    survivors = {(process.pid, process.create_time()) for process in installation.processes()}
    assert (pid, started_at) not in survivors
    assert not survivors & {(process.pid, process.create_time()) for process in orphans if process.is_running()}


def test_a_number_given_to_another_process_does_not_confuse_a_start(installation):
    data = installation.folder / "postgres" / "data"
    if not data.exists():
        installation.start()
        installation.stop()
    lines = [str(os.getpid()), str(data), "1700000000", "5432", str(data.parent), "", "  1 1", "ready   "]
    (data / "postmaster.pid").write_text("\n".join(lines) + "\n")
    (installation.folder / "processes.json").write_text(f"[[{os.getpid()}, 1.0]]")

    installation.start()

    assert installation.get("/readyz")[0] == 200
