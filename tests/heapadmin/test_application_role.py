"""The application's role in the private PostgreSQL: owner of its database, and nothing beyond."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings

from heapadmin import application_role
from heapadmin.deployment import DATABASE_NAME, private_database_url
from heapadmin.postgres import PrivatePostgres

pytestmark = pytest.mark.timeout(300)
EARLY = settings.BASE_DIR / "tests" / "installations" / "first.sql"
NOT_THE_ROLES = """
with mine as (select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'),
     owned (name, owner, place) as (
    select nspname, nspowner, oid from pg_namespace
    union all select relname, relowner, relnamespace from pg_class
    union all select typname, typowner, typnamespace from pg_type
    union all select proname, proowner, pronamespace from pg_proc
    union all select stxname, stxowner, stxnamespace from pg_statistic_ext
    union all select datname, datdba, 'public'::regnamespace from pg_database where datname = 'heapadmin')
select name::text from owned
 where place in (select oid from mine) and owner not in ('heapadmin'::regrole, 'pg_database_owner'::regrole)
"""
ODD = """
create schema "Odd schema";
create table "Odd schema"."Odd table" (id bigint generated always as identity, old serial, kind text);
create sequence "Odd schema".alone;
create statistics "Odd schema"."Odd statistics" (ndistinct) on id, old from "Odd schema"."Odd table";
create type "Odd schema".pair as (a int, b int);
create type "Odd schema".mood as enum ('good');
create domain "Odd schema".small as int check (value < 10);
create type "Odd schema".span as range (subtype = int);
create view "Odd schema".seen as select 1;
create materialized view "Odd schema".stored as select 1;
create function "Odd schema"."Odd function"(a int, b text[]) returns int language sql as 'select 1';
create procedure "Odd schema".doing(a int) language sql as 'select 1';
create unlogged table in_public (id int);
"""


def server_in(folder):
    return PrivatePostgres(folder / "postgres", durable=False, say=lambda words: None)


@pytest.fixture
def server(tmp_path):
    server = server_in(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def started(server):
    server.start()
    return server


def manage(folder, *arguments):
    environment = {**os.environ, "DATABASE_URL": private_database_url(folder), "DATA_DIR": str(folder)}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def ask(server, question):
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        return connection.execute(question).fetchall()


def start_as_before(server):
    """As the server was before there was a role: the superuser owns the database and everything in it."""
    server._create_database = lambda: None
    server.start()
    del server._create_database
    with psycopg.connect(server.superuser_conninfo("postgres"), autocommit=True) as superuser:
        superuser.execute(f"create database {DATABASE_NAME}")


def as_superuser(server, statements):
    with psycopg.connect(server.superuser_conninfo(), autocommit=True) as superuser:
        superuser.execute(statements)


def test_it_is_no_superuser_and_owns_its_database(started):
    rights = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"

    assert ask(started, f"select {rights} from pg_roles where rolname = current_user") == [(False,) * 5]
    assert ask(started, NOT_THE_ROLES) == []


@pytest.mark.parametrize(
    "statement",
    [
        "select pg_read_file('/etc/passwd')",
        "select pg_ls_dir('/etc')",
        "select lo_import('/etc/passwd')",
        "create table stolen (line text); copy stolen from '/etc/passwd'",
        "copy (select 1) to '/tmp/stolen'",
        "copy (select 1) to program 'true'",
        "alter system set log_statement = 'all'",
        "create role another superuser",
        "set session_replication_role = replica",
        "set role postgres",
        "select rolpassword from pg_authid",
    ],
)
def test_it_reaches_nothing_outside(started, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(started, statement)


def test_it_still_finds_deadlocks_soon_and_sees_what_others_run(started):
    with psycopg.connect(started.superuser_conninfo()) as superuser:
        superuser.execute("select 1")

        ask(started, "select set_config('deadlock_timeout', '100ms', false)")
        seen = ask(started, "select xact_start is not null from pg_stat_activity where usename = 'postgres'"
                            " and datname = current_database()")  # fmt: skip

    assert seen == [(True,)]


def test_everything_in_an_early_data_folder_becomes_its_own(server):
    start_as_before(server)
    as_superuser(server, ODD)
    as_superuser(server, "alter schema public owner to postgres")  # as after a restore
    server.stop()

    server.start()

    assert ask(server, NOT_THE_ROLES) == []
    with psycopg.connect(server.conninfo()) as connection:
        connection.execute('alter table "Odd schema"."Odd table" drop kind; drop schema "Odd schema" cascade')


def test_an_early_installation_goes_on(server, tmp_path):
    start_as_before(server)
    as_superuser(server, EARLY.read_text())
    server.stop()
    server.start()

    migrated = manage(tmp_path, "migrate", "-v0")
    written = manage(tmp_path, "backup", str(tmp_path / "file"))
    restored = manage(tmp_path, "restore", "--yes", str(tmp_path / "file"))

    assert (migrated.stderr, written.returncode, restored.returncode) == ("", 0, 0), written.stderr + restored.stderr
    assert ask(server, NOT_THE_ROLES) == []
    assert manage(tmp_path, "migrate", "--check").returncode == 0


def test_a_start_writes_nothing_that_is_there(started):
    """So it works on a full disk."""
    read_only = "-c default_transaction_read_only=on"

    for database, step in (("postgres", application_role.prepare), (DATABASE_NAME, application_role.hand_over)):
        conninfo = started.superuser_conninfo(database)
        with psycopg.connect(conninfo, autocommit=True, options=read_only) as superuser:
            step(superuser)


def test_a_start_that_was_cut_short_is_made_up_for(server):
    start_as_before(server)
    as_superuser(server, "create role heapadmin login")  # and nothing further
    server.stop()

    server.start()

    assert ask(server, NOT_THE_ROLES) == []
