"""The role as which Heapadmin uses its private PostgreSQL: it owns the database, and is no superuser.

So a mistake in a statement of ours cannot read or write the machine's files, run programs, or change the server.
"""

import psycopg
from psycopg import sql

from heapadmin.deployment import DATABASE_NAME, DATABASE_USER

ROLE_EXISTS = "select from pg_roles where rolname = %s"
DATABASE_EXISTS = "select from pg_database where datname = %s"
RIGHTS = (
    "grant set on parameter deadlock_timeout to {role}",  # events/lane.py finds deadlocks sooner with it
    "grant pg_read_all_stats to {role}",  # what is counted beforehand must know of every transaction that still runs
)

# Statements that give `role` what the current user owns in this database, outside of PostgreSQL's own schemas.
# REASSIGN OWNED refuses this for the user who made the server.
OWNED = """
with mine as (select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'),
     me as (select current_user::regrole as oid)
select format('alter schema %%I owner to %%I', nspname, %(role)s::text)
  from pg_namespace where nspowner = (select oid from me) and oid in (select oid from mine)
union all
select format('alter table %%s owner to %%I', oid::regclass, %(role)s::text)  -- views and sequences too
  from pg_class
 where relowner = (select oid from me) and relnamespace in (select oid from mine)
   and (relkind in ('r', 'p', 'v', 'm') or relkind = 'S' and not exists (
        select from pg_depend where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype in ('a', 'i')))
union all
select format('alter type %%s owner to %%I', t.oid::regtype, %(role)s::text)
  from pg_type t left join pg_class c on c.oid = t.typrelid
 where typowner = (select oid from me) and typnamespace in (select oid from mine)
   and (typtype in ('d', 'e', 'r') or typtype = 'c' and c.relkind = 'c')
union all
select format('alter routine %%s owner to %%I', oid::regprocedure, %(role)s::text)
  from pg_proc where proowner = (select oid from me) and pronamespace in (select oid from mine)
union all
select format('alter statistics %%s.%%I owner to %%I', stxnamespace::regnamespace::text, stxname, %(role)s::text)
  from pg_statistic_ext where stxowner = (select oid from me)
"""


def prepare(server: psycopg.Connection) -> None:
    """Create the role and its database where they are missing. `server` is a superuser's connection."""
    role, database = sql.Identifier(DATABASE_USER), sql.Identifier(DATABASE_NAME)
    if server.execute(ROLE_EXISTS, [DATABASE_USER]).fetchone() is None:
        server.execute(sql.SQL("create role {} login").format(role))
    for right in RIGHTS:
        server.execute(sql.SQL(right).format(role=role))
    if server.execute(DATABASE_EXISTS, [DATABASE_NAME]).fetchone() is None:
        server.execute(sql.SQL("create database {} owner {}").format(database, role))
    else:
        server.execute(sql.SQL("alter database {} owner to {}").format(database, role))


def hand_over(database: psycopg.Connection) -> None:
    """Make the role the owner of everything in its database: before there was a role, the superuser owned all of it."""
    with database.transaction():
        database.execute("set local search_path to pg_catalog")  # so that names come with their schema
        for (statement,) in database.execute(OWNED, {"role": DATABASE_USER}).fetchall():
            database.execute(statement)
