import os
import subprocess
import sys

import psutil
import psycopg
import pytest
from django.conf import settings

from events import moving
from heapadmin.backups import own_objects
from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres, programs
from tests.heapadmin.running import Installation, eventually
from tests.postgres_15 import Postgres15, needs_postgres_15

pytestmark = pytest.mark.timeout(180)


class Server:
    """A server whose database was migrated once."""

    def __init__(self, postgres, url, data_dir):
        self.postgres = postgres
        self.url = url
        self.data_dir = data_dir

    def manage(self, *arguments, url=None, **options):
        """A command that is told of the server by DATABASE_URL."""
        environment = {**os.environ, "DATABASE_URL": url or self.url, "DATA_DIR": str(self.data_dir)}
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, **options)

    def ask(self, question, *, superuser=False):
        """The rows of `question`, or None when it gives none."""
        conninfo = self.postgres.superuser_conninfo() if superuser else self.postgres.conninfo()
        with psycopg.connect(conninfo) as connection:
            cursor = connection.execute(question)
            return cursor.fetchall() if cursor.description else None

    def backed_up(self, file):
        result = self.manage("backup", str(file))
        assert result.returncode == 0, result.stderr
        return file

    def restored(self, file):
        return self.manage("restore", "--yes", str(file))


def migrated(postgres, url, data_dir):
    postgres.start()
    server = Server(postgres, url, data_dir)
    result = server.manage("migrate", "-v0")
    assert result.returncode == 0, result.stderr
    return server


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backup") / "data"
    postgres = PrivatePostgres(folder / "postgres", durable=False, say=lambda words: None)
    yield migrated(postgres, private_database_url(folder), folder)
    postgres.stop()


@pytest.fixture(scope="module")
def oldest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backup-15")
    postgres = Postgres15(folder / "postgres")
    yield migrated(postgres, postgres.url, folder / "data")
    postgres.stop()


on_one_version = pytest.mark.parametrize("server", ["private"], indirect=True)


@pytest.fixture(params=["private", pytest.param("oldest", marks=needs_postgres_15)])
def server(request):
    """Of both versions."""
    return request.getfixturevalue(request.param)


def test_what_was_backed_up_comes_back(server, tmp_path):
    server.ask("INSERT INTO django_session VALUES ('probe', 'before', now())")
    server.ask("INSERT INTO support_backup (kind, name, problem, started_at) VALUES ('dump', 'this one', '', now())")
    file = server.backed_up(tmp_path / "file")
    server.ask("UPDATE django_session SET session_data = 'after'")
    server.ask("ALTER TABLE accounts_account ADD of_a_later_version int")

    result = server.restored(file)

    assert (result.returncode, result.stderr) == (0, "")
    assert server.ask("SELECT session_data FROM django_session") == [("before",)]
    assert server.ask("SELECT name FROM support_backup") == []
    assert server.ask("SELECT attname FROM pg_attribute WHERE attname = 'of_a_later_version'") == []
    assert server.manage("migrate", "--check").returncode == 0


@needs_postgres_15
@pytest.mark.parametrize(("of", "into"), [("oldest", "private"), ("private", "oldest")])
def test_a_backup_moves_to_another_version(request, tmp_path, of, into):
    of, into = request.getfixturevalue(of), request.getfixturevalue(into)
    of.ask("DELETE FROM django_session; INSERT INTO django_session VALUES ('moved', 'there', now())")
    file = of.backed_up(tmp_path / "file")

    result = into.restored(file)

    assert (result.returncode, result.stderr) == (0, "")
    assert into.ask("SELECT session_data FROM django_session") == [("there",)]


def test_everything_that_migrations_make_is_known_as_ours(server):
    with psycopg.connect(server.postgres.conninfo()) as database:
        assert own_objects.not_ours(database) == []
        for statement in own_objects.drop_statements(database):
            database.execute(statement)
        left = database.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION ALL "
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace UNION ALL "
            "SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace"
        ).fetchall()
        database.rollback()

    assert left == []


OF_OTHERS = """
CREATE SCHEMA crm; CREATE TABLE crm.deal (id int PRIMARY KEY); INSERT INTO crm.deal VALUES (1);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE FUNCTION collect(amount int) RETURNS int LANGUAGE sql AS 'SELECT amount';
CREATE TABLE invoice (id serial PRIMARY KEY, mood mood, amount int DEFAULT collect(7));
INSERT INTO invoice DEFAULT VALUES;
CREATE INDEX invoice_amount ON invoice (amount);
CREATE VIEW invoices AS SELECT * FROM invoice; CREATE SEQUENCE counter; SELECT nextval('counter');
"""
WITHOUT_OTHERS = """
DROP SCHEMA crm CASCADE; DROP TABLE invoice CASCADE; DROP SEQUENCE counter; DROP FUNCTION collect(int); DROP TYPE mood;
"""
WHAT_THEY_HAVE = "SELECT (SELECT id FROM crm.deal), amount, currval_of.last_value FROM invoices, counter AS currval_of"


@pytest.fixture
def others(server):
    """Others keep theirs in the same database: one as our own role, one as somebody whose tables we may not read."""
    extensions = server.ask("SELECT name FROM pg_available_extensions WHERE name IN ('pg_trgm', 'vector')")
    for (name,) in extensions:
        server.ask(f"CREATE EXTENSION {name}", superuser=True)
    server.ask(OF_OTHERS)
    server.ask("CREATE TABLE not_for_us AS SELECT 1 AS id", superuser=True)
    yield {name for (name,) in extensions}
    server.ask(WITHOUT_OTHERS)
    server.ask("DROP TABLE not_for_us", superuser=True)
    for (name,) in extensions:
        server.ask(f"DROP EXTENSION {name}", superuser=True)


def test_what_others_have_in_the_database_stays_as_it_is(server, others, tmp_path):
    server.ask("DELETE FROM django_session; INSERT INTO django_session VALUES ('probe', 'before', now())")
    file = server.backed_up(tmp_path / "file")
    server.ask("UPDATE django_session SET session_data = 'after'; UPDATE invoice SET amount = 8")

    result = server.restored(file)

    assert (result.returncode, result.stderr) == (0, "")
    assert server.ask("SELECT session_data FROM django_session") == [("before",)]
    assert server.ask(WHAT_THEY_HAVE) == [(1, 8, 1)]
    assert server.ask("SELECT id FROM not_for_us", superuser=True) == [(1,)]
    assert {name for (name,) in server.ask("SELECT extname FROM pg_extension")} == {"plpgsql", *others}


@on_one_version
def test_a_backup_of_the_whole_database_restores_what_is_ours(server, others, tmp_path):
    """Earlier versions wrote everything down, also what others have."""
    file = tmp_path / "file"
    subprocess.run(
        [programs() / "pg_dump", "--format=custom", f"--file={file}", server.postgres.superuser_conninfo()], check=True
    )
    server.ask("UPDATE invoice SET amount = 9")

    result = server.restored(file)

    assert (result.returncode, result.stderr) == (0, "")
    assert server.ask(WHAT_THEY_HAVE) == [(1, 9, 1)]


@on_one_version
def test_the_backup_comes_back_where_others_have_nothing(server, tmp_path, others, request):
    file = server.backed_up(tmp_path / "file")
    elsewhere = "CREATE DATABASE elsewhere OWNER heapadmin"
    with psycopg.connect(server.postgres.superuser_conninfo(), autocommit=True) as admin:
        admin.execute(elsewhere)
        request.addfinalizer(lambda: drop_database(server, "elsewhere"))

    result = server.manage("restore", "--yes", str(file), url=server.url.removesuffix("/heapadmin") + "/elsewhere")

    assert (result.returncode, result.stderr) == (0, "")
    with psycopg.connect(server.postgres.conninfo("elsewhere")) as database:
        assert database.execute("SELECT count(*) > 50 FROM django_migrations").fetchone() == (True,)
        assert own_objects.not_ours(database) == []


def drop_database(server, name):
    with psycopg.connect(server.postgres.superuser_conninfo(), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


HANGING = {
    """
    CREATE VIEW crm.logins AS SELECT email FROM accounts_user;
    ALTER TABLE crm.deal ADD CONSTRAINT deal_owner FOREIGN KEY (id) REFERENCES accounts_user NOT VALID;
    """: ["view crm.logins", "constraint deal_owner on table crm.deal"],
    """
    CREATE TRIGGER of_others AFTER INSERT ON crm.deal FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
    """: ["trigger of_others on table crm.deal"],
    """
    CREATE TRIGGER of_others AFTER INSERT ON accounts_user FOR EACH STATEMENT EXECUTE FUNCTION crm.note();
    CREATE RULE of_others AS ON DELETE TO accounts_user DO ALSO NOTHING;
    CREATE POLICY of_others ON accounts_user;
    CREATE PUBLICATION of_others FOR TABLE accounts_user;
    """: [
        "policy of_others on table accounts_user",
        "publication of_others of table accounts_user",
        "rule of_others on table accounts_user",
        "trigger of_others on table accounts_user",
    ],
}
BESIDE = """
CREATE SCHEMA crm; CREATE TABLE crm.deal (id int);
CREATE FUNCTION crm.note() RETURNS trigger LANGUAGE plpgsql AS 'begin return null; end';
"""
GONE = """
DROP SCHEMA crm CASCADE; DROP PUBLICATION IF EXISTS of_others;
DROP RULE IF EXISTS of_others ON accounts_user; DROP POLICY IF EXISTS of_others ON accounts_user;
"""


@pytest.mark.parametrize("made", HANGING)
def test_what_hangs_on_our_tables_is_named_before_anything_changes(private, request, made):
    private.ask(BESIDE)
    private.ask(made)
    private.ask("DELETE FROM django_session; INSERT INTO django_session VALUES ('probe', 'now', now())")
    request.addfinalizer(lambda: private.ask(GONE))

    result = private.restored(__file__)

    assert result.returncode == 1
    assert "Nothing has changed: these are not Heapadmin's" in result.stderr
    assert [what for what in HANGING[made] if what not in result.stderr] == []
    assert "Traceback" not in result.stderr
    assert private.ask("SELECT session_data FROM django_session") == [("now",)]


def test_what_others_hang_on_our_tables_is_not_in_a_backup(private, request, tmp_path):
    private.ask(BESIDE)
    request.addfinalizer(lambda: private.ask("DROP SCHEMA IF EXISTS crm CASCADE"))
    private.ask("CREATE TRIGGER of_others AFTER INSERT ON merges FOR EACH STATEMENT EXECUTE FUNCTION crm.note()")
    file = private.backed_up(tmp_path / "file")
    private.ask("DROP SCHEMA crm CASCADE")

    result = private.restored(file)

    assert (result.returncode, result.stderr) == (0, "")


def test_months_that_are_being_moved_hinder_neither(private, request, tmp_path):
    private.ask(
        "CREATE TABLE events_moving (LIKE events INCLUDING ALL) PARTITION BY RANGE (time);"
        "CREATE TABLE events_moving_default PARTITION OF events_moving DEFAULT;" + moving.TRIGGER
    )
    request.addfinalizer(lambda: private.ask("DROP TRIGGER copy_moving ON events_default; DROP TABLE events_moving"))

    result = private.restored(private.backed_up(tmp_path / "file"))

    assert (result.returncode, result.stderr) == (0, "")
    assert private.ask("SELECT to_regclass('events_moving_default')::text") == [("events_moving_default",)]


def test_a_month_that_is_being_packed_hinders_neither(private, request, tmp_path):
    private.ask(
        "CREATE TABLE events_packing AS SELECT * FROM events; CREATE TABLE events_packing_noted (id bigint);"
        "CREATE TRIGGER note_packing AFTER INSERT OR DELETE ON events_default "
        "FOR EACH ROW EXECUTE FUNCTION note_packing()"
    )
    request.addfinalizer(
        lambda: private.ask(
            "DROP TRIGGER note_packing ON events_default; DROP TABLE events_packing, events_packing_noted"
        )
    )

    result = private.restored(private.backed_up(tmp_path / "file"))

    assert (result.returncode, result.stderr) == (0, "")
    assert private.ask("SELECT to_regclass('events_packing')::text") == [("events_packing",)]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_a_damaged_backup_changes_nothing(private, tmp_path, share):
    file = private.backed_up(tmp_path / "file")
    private.ask("DELETE FROM django_session; INSERT INTO django_session VALUES ('probe', 'newer', now())")
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])

    result = private.restored(file)

    assert result.returncode == 1
    assert "nothing has changed" in result.stderr
    assert private.ask("SELECT session_data FROM django_session") == [("newer",)]


def test_a_backup_overwrites_nothing(private, tmp_path):
    file = tmp_path / "precious"
    file.write_text("data")

    result = private.manage("backup", str(file))

    assert "never overwrites" in result.stderr
    assert file.read_text() == "data"


def test_a_backup_that_fails_leaves_no_file(private, tmp_path):
    result = private.manage("backup", str(tmp_path / "file"), url="postgres://x@127.0.0.1:1/x")

    assert "The database does not answer" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_writes_a_backup_ends_with_whoever_started_it(private, tmp_path):
    """Else it goes on unwatched, into a file that the next one deletes."""
    environment = {**os.environ, "DATABASE_URL": private.url, "DATA_DIR": str(private.data_dir)}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "backup", str(tmp_path / "file")]
    with psycopg.connect(private.postgres.conninfo()) as somebody:
        somebody.execute("LOCK TABLE accounts_account")
        with subprocess.Popen(command, env=environment) as backup:
            assert eventually(lambda: psutil.Process(backup.pid).children(), seconds=60)
            [writer] = psutil.Process(backup.pid).children()
            backup.kill()
        assert eventually(lambda: not writer.is_running() or writer.status() == psutil.STATUS_ZOMBIE)


def test_restoring_asks_first(private):
    result = private.manage("restore", os.devnull, input="no\n")

    assert "Nothing has changed." in result.stderr


def test_restoring_where_nobody_can_answer_says_so(private):
    result = private.manage("restore", os.devnull, stdin=subprocess.DEVNULL)

    assert result.returncode == 1
    assert "nobody is there to answer. --yes restores without asking." in result.stderr
    assert "Traceback" not in result.stderr


def test_where_there_is_nothing_no_backup_is_made(private, tmp_path, monkeypatch):
    """Somebody who forgets DATA_DIR, or names another database, would keep empty files for years."""
    nowhere = Installation(tmp_path / "data").run("backup", str(tmp_path / "file"))
    empty = private.manage("backup", str(tmp_path / "file"), url=f"{private.url.rpartition('/')[0]}/template1")

    assert nowhere.returncode == empty.returncode == 1
    assert f"There is no database in {tmp_path / 'data'}. Is this the DATA_DIR" in nowhere.stderr
    assert "Nothing in this database is Heapadmin's" in empty.stderr
    monkeypatch.setenv("BACKUP_DIR", str(tmp_path / "nightly"))
    for name, words in {"template1": "is Heapadmin's, or it is of an older", "nowhere": "does not answer"}.items():
        noted = private.manage("backup", url=f"{private.url.rpartition('/')[0]}/{name}")
        assert noted.returncode == 1 and words in noted.stderr and "Traceback" not in noted.stderr
    assert not (tmp_path / "nightly").exists()
    assert not (tmp_path / "file").exists() and not (tmp_path / "data/postgres").exists()


def test_the_private_server_is_started_for_it_and_stopped_again(private, tmp_path):
    installation = Installation(tmp_path / "data")
    installation.run("restore", "--yes", str(private.backed_up(tmp_path / "first")))

    result = installation.run("backup", str(tmp_path / "file"))

    assert result.returncode == 0, result.stderr
    assert (tmp_path / "file").exists()
    assert installation.processes() == []
