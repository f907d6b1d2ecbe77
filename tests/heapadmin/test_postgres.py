import contextlib
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg
import pytest

from heapadmin import postgres
from heapadmin.deployment import private_socket_dir
from heapadmin.postgres import PostgresError, PrivatePostgres

pytestmark = pytest.mark.timeout(120)


def server_in(folder):
    return PrivatePostgres(folder, durable=False, say=lambda words: None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder whose database files are made once for the tests of this file."""
    folder = tmp_path_factory.mktemp("postgres") / "files"
    server = server_in(folder)
    server.start()
    server.stop()
    return folder


@pytest.fixture
def server(folder):
    server = server_in(folder)
    yield server
    server.stop()


def count(server):
    with psycopg.connect(server.conninfo()) as connection:
        return connection.execute("SELECT count(*) FROM kept").fetchone()[0]


def test_it_starts_again_right_after_being_killed_and_keeps_what_was_committed(server):
    server.start()
    with psycopg.connect(server.conninfo()) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    server.process.kill()

    server.start()

    assert count(server) == 1


def test_a_server_left_by_somebody_else_is_replaced(server, folder):
    left = server_in(folder)
    left.start()

    server.start()

    assert left.process.wait(10) is not None
    assert server.is_alive()


def test_lock_files_whose_number_is_another_processs_now_do_not_matter(server, folder):
    server.start()
    locks = {path: path.read_text() for path in (folder / "data" / "postmaster.pid", folder / ".s.PGSQL.5432.lock")}
    server.stop()
    with subprocess.Popen(["sleep", "60"], cwd="/", **server.runner.popen_arguments()) as stranger:
        for path, text in locks.items():
            path.write_text("\n".join([str(stranger.pid), *text.splitlines()[1:]]) + "\n")
            server.runner.own(path)

        server.start()

        assert stranger.poll() is None
        stranger.kill()


def test_only_its_owner_and_root_reach_the_socket(server, folder):
    server.start()
    socket = folder / ".s.PGSQL.5432"

    assert stat.S_IMODE(folder.stat().st_mode) & stat.S_IRWXO == 0
    assert stat.S_IMODE(socket.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO) == 0


def test_it_listens_on_no_network(server):
    server.start()

    for process in [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children()]:
        with contextlib.suppress(psutil.NoSuchProcess):  # some of its helpers come and go
            assert process.net_connections("inet") == []


def test_it_is_durable_unless_told_otherwise(tmp_path):
    parameters = PrivatePostgres(tmp_path)._parameters()

    assert not {"fsync", "full_page_writes"} & set(parameters)
    assert server_in(tmp_path)._parameters()["fsync"] == "off"


@pytest.mark.parametrize("name", ["x" * 120, "with, comma", 'quote" and #é'])
def test_odd_and_long_paths_work(tmp_path, name):
    server = server_in(tmp_path / name)

    server.start()
    try:
        with psycopg.connect(server.conninfo()) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("heapadmin",)
    finally:
        server.stop()


def test_where_a_long_paths_socket_went_is_recorded(tmp_path, monkeypatch):
    folder = tmp_path / ("x" * 120)
    server = server_in(folder)
    server.start()
    server.stop()
    used = private_socket_dir(folder)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # another terminal, another TMPDIR

    assert private_socket_dir(folder) == used
    assert used != folder
    assert not used.exists()  # a stopped server leaves nothing outside its folder


def test_a_socket_folder_that_another_user_made_is_refused(tmp_path, monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server = server_in(tmp_path / ("x" * 120))
    trap = postgres.default_socket_dir(server.folder)
    trap.mkdir()
    os.chown(trap, 12345, 12345)

    with pytest.raises(PostgresError, match="belongs to another user"):
        server.start()


def test_files_of_another_version_are_left_alone(tmp_path):
    server = server_in(tmp_path / "files")
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("15\n")

    with pytest.raises(PostgresError, match=r"written by PostgreSQL 15.*docs/operations.md"):
        server.start()


def test_an_interrupted_first_start_is_begun_anew(tmp_path):
    folder = tmp_path / "files"
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new" / "half").write_text("written")
    server = server_in(folder)

    server.start()
    server.stop()

    assert (folder / "data" / "PG_VERSION").exists()
    assert not (folder / "data.new").exists()


def test_why_it_does_not_start_is_told(server, folder, monkeypatch):
    monkeypatch.setattr(postgres, "START_TRIES", 1)
    monkeypatch.setattr(server, "_parameters", lambda: {"shared_buffers": "nonsense"})

    with pytest.raises(PostgresError, match='invalid value for parameter "shared_buffers"'):
        server.start()


def test_as_root_it_runs_as_another_user_below_a_private_folder(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root has to change the user")
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    said = []
    server = PrivatePostgres(private / "files", durable=False, say=said.append)

    server.start()
    uid = psutil.Process(server.process.pid).uids().effective
    server.stop()

    assert uid != 0
    assert str(private) in said[0]
    assert stat.S_IMODE(private.stat().st_mode) & stat.S_IRWXO == 0  # let in by an entry for that user alone


@pytest.fixture
def open_folder():
    """A folder that any user gets to: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_plain_user_can_run_it(open_folder):
    if os.geteuid() != 0:
        pytest.skip("this run is a plain user's already")
    folder = open_folder / "mine"
    folder.mkdir()
    os.chown(folder, 54321, 54321)
    code = (
        "import sys; from pathlib import Path; from heapadmin.postgres import PrivatePostgres;"
        "server = PrivatePostgres(Path(sys.argv[1]), durable=False); server.start(); server.stop()"
    )
    root = Path(__file__).parents[2]
    home = Path(sys.prefix)
    if not _reachable(home) or not _reachable(root) or not _reachable(Path(sys.executable).resolve()):
        pytest.skip("the virtual environment is out of a plain user's reach")

    result = subprocess.run(
        [sys.executable, "-c", code, str(folder / "files")],
        cwd=root,
        user=54321,
        group=54321,
        extra_groups=[],
        capture_output=True,
        text=True,
        env={"PATH": os.defpath, "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
    )

    assert result.returncode == 0, result.stderr
    assert (folder / "files" / "data").stat().st_uid == 54321


def _reachable(path):
    return all(above.stat().st_mode & stat.S_IXOTH for above in [*path.parents, path])
